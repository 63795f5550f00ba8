import { EXIT } from './exit-codes.ts';
import { RefusedError, UnreachableError } from './gateway-client.ts';

/** A failure for a person, every issue on a line of its own, and the exit code that says it to a script. */
export function explainFailure(error: unknown): { readonly message: string; readonly exitCode: number } {
  if (error instanceof UnreachableError) return { message: error.message, exitCode: EXIT.unreachable };
  if (error instanceof RefusedError) {
    const issues = error.issues.map(
      ({ path, message }) => `\n  ${path === '' ? '(the whole)' : path}: ${message}`,
    );
    const forbidden = error.status === 401 || error.status === 403;
    const advice = error.status === 401 ? '\nThe key is read from SWITCHYARD_KEY or ADMIN_API_KEY.' : '';
    return {
      message: `${error.message}${issues.join('')}${advice}`,
      exitCode: forbidden ? EXIT.forbidden : EXIT.failed,
    };
  }
  return { message: error instanceof Error ? error.message : String(error), exitCode: EXIT.failed };
}
