import { EXIT } from './exit-codes.ts';
import { RefusedError, UnreachableError } from './gateway-client.ts';

/** The command line makes no sense, for a reason that only the command itself sees. */
export class UsageError extends Error {}

/** A failure for a person, every issue on a line of its own, and the exit code that says it to a script. */
export function explainFailure(error: unknown): { readonly message: string; readonly exitCode: number } {
  if (error instanceof UnreachableError) return { message: error.message, exitCode: EXIT.unreachable };
  if (error instanceof UsageError) return { message: error.message, exitCode: EXIT.usage };
  if (error instanceof RefusedError) {
    const issues = error.issues
      .filter(({ message }) => message !== error.message)
      .map(({ path, message }) => `\n  ${path === '' ? '(the whole)' : path}: ${message}`);
    const advice = error.status === 401 ? '\nThe key is read from SWITCHYARD_KEY or ADMIN_API_KEY.' : '';
    return { message: `${error.message}${issues.join('')}${advice}`, exitCode: exitCodeOf(error.status) };
  }
  return { message: error instanceof Error ? error.message : String(error), exitCode: EXIT.failed };
}

function exitCodeOf(status: number): number {
  switch (status) {
    case 401:
    case 403:
      return EXIT.forbidden;
    case 404:
      return EXIT.notFound;
    default:
      return EXIT.failed;
  }
}
