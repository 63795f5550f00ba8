import { Badge } from '@mantine/core';
import type { TargetTraffic } from '../../api/traffic.ts';
import type { StoredTarget } from '../../api/types.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { count, figure } from '../../parts/format.ts';
import { TargetReady } from './target-ready.tsx';

interface TargetTableProps {
  readonly targets: readonly StoredTarget[];
  readonly traffic: readonly TargetTraffic[];
  readonly hours: number;
}

/** Every place where something answers, with what the last hours were like there. */
export function TargetTable({ targets, traffic, hours }: TargetTableProps) {
  const of = ({ key }: StoredTarget) => traffic.find(({ target }) => target === key);
  const span = hours === 1 ? 'last hour' : `last ${hours} hours`;
  return (
    <DataTable
      caption="Targets"
      rows={targets}
      keyOf={({ key }) => key}
      columns={[
        { title: 'Target', cell: ({ key }) => key },
        {
          title: 'Model',
          cell: (target) => (target.model === undefined ? '—' : `${target.model}/${target.version ?? ''}`),
        },
        {
          title: 'Where',
          cell: ({ cloud, region }) => (
            <Badge variant="default" tt="none">
              {cloud} · {region}
            </Badge>
          ),
        },
        { title: 'How', cell: ({ kind }) => kind },
        { title: 'Now', cell: ({ key }) => <TargetReady target={key} /> },
        { title: `Calls, ${span}`, numeric: true, cell: (target) => count(of(target)?.calls ?? 0) },
        {
          title: 'Fail',
          numeric: true,
          cell: (target) => {
            const found = of(target);
            return found === undefined ? '—' : `${((100 * found.failed) / found.calls).toFixed(1)}%`;
          },
        },
        {
          title: 'p50, ms',
          numeric: true,
          cell: (target) => milliseconds(of(target)?.latencyMs?.p50),
        },
        {
          title: 'p95, ms',
          numeric: true,
          cell: (target) => milliseconds(of(target)?.latencyMs?.p95),
        },
      ]}
    />
  );
}

const milliseconds = (value: number | undefined) => (value === undefined ? '—' : figure(value));
