import { Listr } from 'listr2';

/** Tells whoever watches what is being done. */
export interface Progress {
  /** Announces the step, does it, and passes its result or its error on. `say` replaces the step's last word. */
  step<T>(title: string, work: (say: (text: string) => void) => Promise<T>): Promise<T>;
}

/** Live lines with a spinner. */
export const terminalProgress: Progress = {
  step: async (title, work) => {
    const done = Promise.withResolvers<Awaited<ReturnType<typeof work>>>();
    const step = new Listr(
      [
        {
          title,
          task: async (_, task) => {
            const say = (text: string) => {
              task.title = `${title}: ${text}`;
            };
            done.resolve(await work(say));
          },
        },
      ],
      { registerSignalListeners: false, rendererOptions: { collapseErrors: false } },
    );
    await step.run();
    return done.promise;
  },
};

/** A line when a step begins and one when it is done: for logs, and wherever nobody sees a spinner. */
export function plainProgress(write: (line: string) => void): Progress {
  return {
    step: async (title, work) => {
      write(`${title} …`);
      const beganMs = performance.now();
      let last = 'done';
      const result = await work((text) => {
        last = text;
      });
      write(`  ${last} (${((performance.now() - beganMs) / 1_000).toFixed(1)} s)`);
      return result;
    },
  };
}
