import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const OWNER = join(import.meta.dirname, 'embedded-mongo-owner.ts');

/** A MongoDB-wire server in a process of its own, which a test may stop, resume and kill. */
export interface MongoProcess {
  readonly uri: string;
  signal(signal: NodeJS.Signals): void;
  kill(): Promise<void>;
}

/** Starts one on a directory; the same directory gives the same URI again. */
export async function startMongoProcess(directory: string): Promise<MongoProcess> {
  const child = spawn(process.execPath, [OWNER, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const [uri]: string[] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    exited.then(() => Promise.reject(new Error('the database ended before it listened'))),
  ]);
  return {
    uri: uri ?? '',
    signal: (signal) => void child.kill(signal),
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
