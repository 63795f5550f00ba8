import { Alert, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { askJson } from '../../api/client.ts';
import { asProblem } from '../../api/problem.ts';
import { count, figure } from '../../parts/format.ts';
import type { MetricDraft } from './metric-draft.ts';

interface Preview {
  readonly records: number;
  readonly units: number;
  readonly perUnit: {
    readonly mean: number | null;
    readonly standardDeviation: number | null;
    readonly p50: number | null;
    readonly p99: number | null;
  };
  readonly warnings: readonly string[];
}

const DAYS = 14;

/** What a metric would have measured lately, whether or not an experiment ran. */
export function MetricPreview({
  metric,
  enabled,
}: {
  readonly metric: MetricDraft;
  readonly enabled: boolean;
}) {
  const { data, isError, error } = useQuery({
    queryKey: ['metric-preview', metric],
    queryFn: () =>
      askJson<Preview>('/admin/v1/metrics/preview', { method: 'POST', body: { metric, days: DAYS } }),
    enabled,
    retry: false,
  });
  if (!enabled) return null;
  if (isError) return <Text c="dimmed">No preview: {asProblem(error).message}</Text>;
  if (data === undefined) return <Text c="dimmed">Counting the last {DAYS} days …</Text>;
  const { records, units, perUnit, warnings } = data;
  return (
    <Stack gap="xs" role="status">
      <Text size="sm">
        In the last {DAYS} days: {count(records)} records of {count(units)} users
        {perUnit.mean !== null &&
          `; per user ${figure(perUnit.mean)} on average, median ${figure(perUnit.p50 ?? 0)}, 99th percentile ${figure(perUnit.p99 ?? 0)}`}
        .
      </Text>
      {warnings.map((warning) => (
        <Alert key={warning} color="yellow" p="xs">
          {warning}
        </Alert>
      ))}
    </Stack>
  );
}
