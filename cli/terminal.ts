import { styleText } from 'node:util';
import { openProgress, type Progress } from './progress.ts';

/** Where a command writes: a person's terminal, a pipe, or JSON for a program. */
export interface Terminal {
  readonly json: boolean;
  /** On standard error, and only where that is a terminal. */
  readonly progress: Progress;
  /** The command's result: the text for a person, or the value as one line of JSON. */
  result(value: unknown, text: string): void;
  /** Colour on a terminal that has it, plain everywhere else (NO_COLOR and FORCE_COLOR are obeyed). */
  paint(style: Parameters<typeof styleText>[0], text: string): string;
}

export function openTerminal({ json }: { readonly json: boolean }): Terminal {
  const write = (line: string) => process.stdout.write(`${line}\n`);
  return {
    json,
    progress: openProgress(process.stderr, { json }),
    result: (value, text) => write(json ? JSON.stringify(value) : text),
    paint: (style, text) => styleText(style, text, { stream: process.stdout }),
  };
}
