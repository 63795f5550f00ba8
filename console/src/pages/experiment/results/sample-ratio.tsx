import { Alert, Stack, Text, Title } from '@mantine/core';
import type { Results } from '../../../api/results.ts';
import { DataTable } from '../../../parts/data-table.tsx';
import { Explained } from '../../../parts/explained.tsx';
import { count, percentOfBp, probability } from '../../../parts/format.ts';

/** Whether units fell to the variants as the weights say: where they did not, nothing else on the page holds. */
export function SampleRatio({ results }: { readonly results: Results }) {
  const { exposures, sampleRatio, sequentialSampleRatio, sampleRatioGroups, epochs } = results;
  const weights = epochs.at(-1)?.weights ?? {};
  const astray = sampleRatioGroups.flatMap(({ dimension, groups }) =>
    groups.filter(({ ok }) => !ok).map(({ group, adjustedP }) => ({ dimension, group, adjustedP })),
  );
  return (
    <Stack gap="xs">
      <Title order={2}>Sample ratio</Title>
      <Text size="sm">
        {sampleRatio.ok && sequentialSampleRatio.ok && astray.length === 0
          ? 'Units fell to the variants as the weights say: '
          : 'Units did not fall to the variants as the weights say: '}
        <Explained
          explain={() => ({
            title: 'Sample ratio, one look',
            definition: 'The chance of a split at least this uneven, if units fell by the weights.',
            method: 'Pearson’s chi-square test of goodness of fit. Below 0.001 nothing is trusted.',
          })}
        >
          p {probability(sampleRatio.p)} at this look
        </Explained>
        {', '}
        <Explained
          explain={() => ({
            title: 'Sample ratio, at any look',
            definition: 'The same, right however often one looks.',
            method: 'Dirichlet-multinomial sequence (Lindon and Malek 2022). Below 0.001 nothing is trusted.',
          })}
        >
          {probability(sequentialSampleRatio.p)} at any look
        </Explained>
        .
      </Text>
      <DataTable
        caption="Units per variant"
        rows={Object.entries(exposures.byVariant)}
        keyOf={([variant]) => variant}
        columns={[
          { title: 'Variant', cell: ([variant]) => variant },
          {
            title: 'Weight',
            numeric: true,
            cell: ([variant]) => (weights[variant] === undefined ? '—' : percentOfBp(weights[variant])),
          },
          { title: 'Units', numeric: true, cell: ([, { units }]) => count(units) },
          {
            title: 'Share',
            numeric: true,
            cell: ([, { units }]) =>
              exposures.units === 0 ? '—' : `${((100 * units) / exposures.units).toFixed(2)}%`,
          },
          { title: 'Exposures', numeric: true, cell: ([, row]) => count(row.exposures) },
        ]}
      />
      {astray.length > 0 && (
        <Alert color="red" title="Where it does not hold">
          {astray.map(({ dimension, group, adjustedP }) => (
            <Text key={`${dimension}/${group}`} size="sm">
              {dimension} {group}: p {probability(adjustedP)} after Holm’s correction
            </Text>
          ))}
        </Alert>
      )}
    </Stack>
  );
}
