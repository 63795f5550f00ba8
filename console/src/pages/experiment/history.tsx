import { Text, Timeline } from '@mantine/core';
import { useAudit } from '../../api/queries.ts';
import { ago } from '../../parts/format.ts';
import { QueryView } from '../../parts/query-view.tsx';
import { changesBetween } from './changes-between.ts';

/** Every change of one experiment, newest first. */
export function History({ experimentKey }: { readonly experimentKey: string }) {
  const audit = useAudit({ kind: 'experiments', key: experimentKey });
  return (
    <QueryView query={audit}>
      {({ items }) => (
        <Timeline bulletSize={14} lineWidth={2}>
          {items.map((entry) => (
            <Timeline.Item key={entry.revision} title={`${entry.action} by ${entry.actor.name}`}>
              <Text size="sm" c="dimmed">
                <time dateTime={entry.at}>{ago(entry.at, Date.now())}</time> · revision {entry.revision}
              </Text>
              {changesBetween(entry.before ?? {}, entry.after ?? {}).map((change) => (
                <Text key={change} size="sm" className="wrap">
                  {change}
                </Text>
              ))}
            </Timeline.Item>
          ))}
        </Timeline>
      )}
    </QueryView>
  );
}
