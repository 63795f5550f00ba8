import { Group, NumberInput, Paper, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { asProblem } from '../../../api/problem.ts';
import type { ExperimentPower } from '../../../api/types.ts';
import { DataTable } from '../../../parts/data-table.tsx';
import { count, figure, signedPercent } from '../../../parts/format.ts';
import type { Draft } from './draft.ts';
import { usePreview } from './use-preview.ts';

/** How long it takes to see an effect, going by the endpoint's real traffic. */
export function PowerPanel({ draft, enabled }: { readonly draft: Draft; readonly enabled: boolean }) {
  const [percent, setPercent] = useState<number | string>(5);
  const [power, setPower] = useState<number | string>(80);
  const effect = Number(percent) / 100;
  const hasMetric = draft.metrics !== undefined;
  const { data, isError, error, isFetching } = usePreview<ExperimentPower>('power', draft, {
    enabled: enabled && hasMetric && effect !== 0,
    effect,
    power: Number(power) / 100,
  });
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <Group align="flex-end">
          <NumberInput
            label="Effect worth seeing"
            suffix=" %"
            decimalScale={2}
            value={percent}
            onChange={setPercent}
            maw={180}
          />
          <NumberInput
            label="Chance to see it"
            suffix=" %"
            min={50}
            max={99}
            value={power}
            onChange={setPower}
            maw={180}
          />
        </Group>
        <div role="status" aria-busy={isFetching}>
          {!hasMetric && <Text c="dimmed">Name a primary metric to see how long it would take.</Text>}
          {hasMetric && isError && <Text c="dimmed">{asProblem(error).message}</Text>}
          {hasMetric && !isError && data !== undefined && <Outlook plan={data} />}
        </div>
      </Stack>
    </Paper>
  );
}

function Outlook({ plan: { metric, basis, variants } }: { readonly plan: ExperimentPower }) {
  if (basis === null)
    return (
      <Text c="dimmed">Nothing was measured at this endpoint yet: how long it takes cannot be told.</Text>
    );
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        Going by {count(basis.units)} units of {basis.experiment}: {metric} is {figure(basis.mean)} in the
        control, and {count(Math.round(basis.unitsPerDay))} new units come a day.
      </Text>
      <DataTable
        caption="Expected duration by variant"
        rows={variants}
        keyOf={({ variant }) => variant}
        columns={[
          { title: 'Variant', cell: ({ variant }) => variant },
          {
            title: 'Units, looking any time',
            numeric: true,
            cell: ({ units }) => count(Math.ceil(units.alwaysValid)),
          },
          { title: 'Days at most', numeric: true, cell: ({ days }) => daysText(days.alwaysValid) },
          { title: 'Days on average', numeric: true, cell: ({ days }) => daysText(days.expected) },
          { title: 'Days with one look', numeric: true, cell: ({ days }) => daysText(days.fixed) },
        ]}
      />
      {variants.map(({ variant, detectable }) => (
        <Text key={variant} size="sm">
          {variant}:{' '}
          {detectable
            .map(({ days, effect }) => `${signedPercent(effect)} shows within ${days} days`)
            .join('; ')}
          .
        </Text>
      ))}
    </Stack>
  );
}

function daysText(days: number | null): string {
  return days === null ? 'never' : count(Math.ceil(days));
}
