import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** `switchyard start`: the gateway, configured by the environment. */
export function startCommand(): Command {
  return new Command('start')
    .description('start the gateway; settings come from the environment (see the README)')
    .action(() => runInPlace('gateway/main.ts'));
}

/** `switchyard runner`: an ONNX runner, configured by the environment. */
export function runnerCommand(): Command {
  return new Command('runner')
    .description('start an ONNX runner; settings come from the environment (see models/runner)')
    .action(() => runInPlace('models/runner/main.ts'));
}

/** `switchyard demo`: the whole job on this machine. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('run the whole job on real data, on this machine')
    .option('--exit', 'end after the verdict instead of staying up')
    .action((options: { exit?: boolean }, command: Command) => {
      const { json } = command.optsWithGlobals<{ json?: boolean }>();
      return runInPlace('demo/main.ts', [...(options.exit ? ['--exit'] : []), ...(json ? ['--json'] : [])]);
    });
}

/** Runs a program in the terminal of this one; signals go to both, and its exit code becomes this one's. */
async function runInPlace(path: string, parameters: readonly string[] = []): Promise<void> {
  const child = spawn(process.execPath, [at(path), ...parameters], { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  // A terminal's Ctrl-C reaches the child by itself, and a second one would cut its clean end short.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}
