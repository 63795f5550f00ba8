import { Alert, Button, Group, Text } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { asProblem, type ProblemError } from '../api/problem.ts';
import { PageSkeleton } from './page-skeleton.tsx';

interface QueryViewProps<Data> {
  readonly query: UseQueryResult<Data>;
  /** Stands while nothing has come yet; a page's skeleton unless given. */
  readonly loading?: ReactNode;
  readonly children: (data: Data) => ReactNode;
}

/** What was read, or what stands in its place: it is on its way, it failed, or it is not for this key to see. */
export function QueryView<Data>({ query, loading = <PageSkeleton />, children }: QueryViewProps<Data>) {
  if (query.data !== undefined) {
    return (
      <>
        {query.isError && (
          <Failure problem={asProblem(query.error)} onRetry={() => void query.refetch()} stale />
        )}
        {children(query.data)}
      </>
    );
  }
  if (query.isError) return <Failure problem={asProblem(query.error)} onRetry={() => void query.refetch()} />;
  return loading;
}

interface FailureProps {
  readonly problem: ProblemError;
  readonly onRetry: () => void;
  /** What is shown below is from before the failure. */
  readonly stale?: boolean;
}

function Failure({ problem, onRetry, stale = false }: FailureProps) {
  if (problem.status === 403) {
    return (
      <Alert color="gray" title="Not for this key" role="alert">
        {problem.message}. Ask an administrator for a role that may see this.
      </Alert>
    );
  }
  return (
    <Alert
      color={stale ? 'orange' : 'red'}
      title={stale ? 'This may be old' : 'This could not be read'}
      role="alert"
    >
      <Group justify="space-between">
        <Text size="sm">{problem.message}</Text>
        <Button size="compact-sm" variant="default" onClick={onRetry}>
          Try again
        </Button>
      </Group>
    </Alert>
  );
}
