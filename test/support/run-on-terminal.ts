import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

export interface TerminalRun {
  readonly exitCode: number | null;
  /** Everything that stood on the screen, control characters included. */
  readonly raw: string;
  /** The same without them, lines ending as in a file. */
  readonly text: string;
}

interface Seat {
  readonly env: Readonly<Record<string, string>>;
  /** Typed as soon as `prompt` is on the screen. */
  readonly answer?: { readonly prompt: string; readonly typed: string };
}

/** Runs `switchyard` on a pseudo-terminal of its own, made by util-linux's `script`, as a person sees it. */
export function runOnTerminal(parameters: readonly string[], { env, answer }: Seat): Promise<TerminalRun> {
  const command = [process.execPath, MAIN, ...parameters].map(quoted).join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let raw = '';
    let answered = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      raw += text;
      if (answer === undefined || answered || !raw.includes(answer.prompt)) return;
      answered = true;
      child.stdin.write(`${answer.typed}\r`);
    });
    child.once('error', reject);
    child.once('close', (exitCode) => {
      child.stdin.destroy();
      resolve({ exitCode, raw, text: stripVTControlCharacters(raw).replaceAll('\r\n', '\n') });
    });
  });
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
