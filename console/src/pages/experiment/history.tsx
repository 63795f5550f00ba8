import { Button, Group, Stack, Text, Timeline } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '../../api/client.ts';
import { useMay } from '../../api/identity.ts';
import { type AuditEntry, useAudit } from '../../api/queries.ts';
import type { StoredExperiment } from '../../api/types.ts';
import { FailureAlert } from '../../parts/failure-alert.tsx';
import { ago } from '../../parts/format.ts';
import { QueryView } from '../../parts/query-view.tsx';
import { changesBetween } from './changes-between.ts';
import { Comments } from './comments.tsx';

/** What was said of an experiment, and every change of it, newest first. */
export function History({ experiment }: { readonly experiment: StoredExperiment }) {
  const audit = useAudit({ kind: 'experiments', key: experiment.key });
  return (
    <Stack gap="xl">
      <Comments experimentKey={experiment.key} />
      <QueryView query={audit}>
        {({ items }) => (
          <Timeline bulletSize={14} lineWidth={2} aria-label="Changes">
            {items.map((entry) => (
              <Timeline.Item key={entry.revision} title={`${entry.action} by ${entry.actor.name}`}>
                <Change entry={entry} experiment={experiment} />
              </Timeline.Item>
            ))}
          </Timeline>
        )}
      </QueryView>
    </Stack>
  );
}

interface ChangeProps {
  readonly entry: AuditEntry;
  readonly experiment: StoredExperiment;
}

/** One revision: how it differs from the one before, and the way back to it. */
function Change({ entry, experiment }: ChangeProps) {
  const may = useMay();
  const queries = useQueryClient();
  const restore = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST('/admin/v1/experiments/{key}/restore', {
          params: { path: { key: experiment.key }, header: { 'If-Match': `"${experiment.revision}"` } },
          body: { revision: entry.revision },
        }),
      ),
    onSuccess: () => queries.invalidateQueries(),
  });
  const isCurrent = entry.revision === experiment.revision;
  return (
    <Stack gap={4}>
      <Group gap="xs">
        <Text size="sm" c="dimmed">
          <time dateTime={entry.at}>{ago(entry.at, Date.now())}</time> · revision {entry.revision}
        </Text>
        {may.experiment && !isCurrent && entry.after !== null && (
          <Button
            variant="default"
            size="compact-xs"
            aria-label={`Restore revision ${entry.revision}`}
            loading={restore.isPending}
            onClick={() => restore.mutate()}
          >
            Restore
          </Button>
        )}
      </Group>
      {entry.before !== null &&
        changesBetween(entry.before, entry.after ?? {}).map((change) => (
          <Text key={change} size="sm" className="wrap">
            {change}
          </Text>
        ))}
      <FailureAlert of={restore} />
    </Stack>
  );
}
