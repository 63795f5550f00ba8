import { Alert } from '@mantine/core';
import { asProblem } from '../api/problem.ts';

interface FailureAlertProps {
  /** What was tried: a mutation. */
  readonly of: { readonly isError: boolean; readonly error: unknown; readonly reset: () => void };
}

/** Why what was tried did not happen, in the gateway's own words; nothing where it did. */
export function FailureAlert({ of: { isError, error, reset } }: FailureAlertProps) {
  if (!isError) return null;
  const { message, issues } = asProblem(error);
  return (
    <Alert
      color="red"
      role="alert"
      title={message}
      withCloseButton
      closeButtonLabel="Dismiss"
      onClose={reset}
    >
      {issues
        .filter((one) => one.message !== message)
        .map(({ path, message: issue }) => (
          <div key={`${path} ${issue}`}>
            {path === '' ? '' : `${path}: `}
            {issue}
          </div>
        ))}
    </Alert>
  );
}
