/** What one look found: fine, wrong, or legal but unwise. `mend` says what to do where it is not fine. */
export interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'warning' | 'wrong';
  readonly detail: string;
  readonly mend?: string;
}

export const fine = (what: string, detail: string): Finding => ({ what, state: 'ok', detail });

export const wrong = (what: string, detail: string, mend: string): Finding => ({
  what,
  state: 'wrong',
  detail,
  mend,
});

export const unwise = (what: string, detail: string, mend: string): Finding => ({
  what,
  state: 'warning',
  detail,
  mend,
});

/** The first line of whatever went wrong. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] ?? message;
}
