import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Json } from './gateway-client.ts';
import type { Progress } from './progress.ts';

export interface Followed {
  readonly exitCode: number;
  /** Every record that it wrote. */
  readonly records: readonly Json[];
}

export interface Script {
  /** From the root of the repository. */
  readonly path: string;
  readonly parameters?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What a record is about, for the bar. */
  readonly about: (record: Json) => unknown;
}

/**
 * Runs a script of this repository to its end and reads the JSON lines of its standard output; those with `done`
 * and `total` move the bar. Its standard error goes where this one's does.
 */
export async function followScript(
  { path, parameters = [], env = {}, about }: Script,
  progress: Progress,
): Promise<Followed> {
  const script = fileURLToPath(new URL(`../${path}`, import.meta.url));
  const child = spawn(process.execPath, [script, ...parameters], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const records: Json[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const record = JSON.parse(line) as Json;
    records.push(record);
    const { done, total } = record;
    if (typeof done === 'number' && typeof total === 'number') {
      progress.at(done, total, String(about(record)));
    }
  }
  progress.end();
  const [code] = (await ended) as [number | null];
  return { exitCode: code ?? 1, records };
}
