import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BatchedOutput } from '../../../gateway/telemetry/batched-output.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

async function output() {
  const path = join(await temporaryDirectory(), 'log');
  const fd = openSync(path, 'w');
  onTestFinished(() => closeSync(fd));
  return { output: new BatchedOutput(fd), text: () => readFileSync(path, 'utf8') };
}

const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `line ${from + index} ${'é'.repeat(100)}\n`);

describe('batched output', () => {
  it('brings every line out in order, soon and without being asked', async () => {
    const { output: out, text } = await output();
    for (const line of lines(0, 2_000)) out.write(line);
    await expect.poll(text, { timeout: 2_000 }).toBe(lines(0, 2_000).join(''));
  });

  it('says when everything written so far is out, while more comes', async () => {
    const { output: out, text } = await output();
    for (const line of lines(0, 1_000)) out.write(line);
    const flushed = new Promise<void>((resolve) => out.flush(resolve));
    for (const line of lines(1_000, 1_100)) out.write(line);
    await flushed;
    expect(text().startsWith(lines(0, 1_000).join(''))).toBe(true);
    await new Promise<void>((resolve) => out.flush(resolve));
    expect(text()).toBe(lines(0, 1_100).join(''));
  });

  it('has everything out at once when the process must end', async () => {
    const { output: out, text } = await output();
    for (const line of lines(0, 10)) out.write(line);
    expect(text()).toBe('');
    out.flushSync();
    expect(text()).toBe(lines(0, 10).join(''));
  });
});
