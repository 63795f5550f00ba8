const WIDTH = 24;

/** How far long work has come, for whoever watches. */
export interface Progress {
  /** `done` of `total` are behind us and `what` is next or under way. */
  at(done: number, total: number, what: string): void;
  /** Takes the bar away again. */
  end(): void;
}

type Screen = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>;

/** A bar on the last line of a terminal; nothing at all where the stream is none, or where JSON was asked for. */
export function openProgress(screen: Screen, { json }: { readonly json: boolean }): Progress {
  if (!screen.isTTY || json) return { at: () => undefined, end: () => undefined };
  const clear = '\r\x1b[K';
  return {
    at: (done, total, what) => {
      const filled = total === 0 ? WIDTH : Math.round((WIDTH * done) / total);
      const bar = '━'.repeat(filled) + ' '.repeat(WIDTH - filled);
      const count = `${done}/${total}`;
      const room = Math.max(0, (screen.columns || 80) - WIDTH - count.length - 3);
      screen.write(`${clear}${bar} ${count} ${what.slice(0, room)}`);
    },
    end: () => void screen.write(clear),
  };
}
