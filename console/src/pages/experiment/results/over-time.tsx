import { Stack, Text, Title } from '@mantine/core';
import { useMemo } from 'react';
import type { Comparison, Effect, Results } from '../../../api/results.ts';
import { BandChart } from '../../../parts/chart/band-chart.tsx';
import type { BandChartData } from '../../../parts/chart/band-series.ts';
import { figure, signedPercent } from '../../../parts/format.ts';

/** The primary metric as it stood at the end of each day, and by the days since a unit was first exposed. */
export function OverTime({ results }: { readonly results: Results }) {
  const lift = useMemo(() => liftOverTime(results), [results]);
  const novelty = useMemo(() => liftByDaysSince(results), [results]);
  if (results.detail === null) return null;
  return (
    <Stack gap="md">
      <Title order={2}>Over time</Title>
      {lift === null ? (
        <Text c="dimmed">
          There is no course over days: it takes a primary metric that adds up from day to day, and a day.
        </Text>
      ) : (
        <BandChart data={lift} />
      )}
      {novelty === null ? (
        <Text c="dimmed">Whether the effect wears off can be told after three days.</Text>
      ) : (
        <BandChart data={novelty} />
      )}
      {results.detail.novelty.map(({ variant, trend }) => (
        <Text key={variant} size="sm">
          {trend.significant
            ? `${variant}: the effect ${trend.absolute.estimate > 0 ? 'grows' : 'wears off'} by ${figure(Math.abs(trend.absolute.estimate))} a day since exposure.`
            : `${variant}: no trend over the days since exposure can be told from chance.`}
        </Text>
      ))}
    </Stack>
  );
}

const DAY_SECONDS = 86_400;

/** Where a control of 0 gives no lift, the difference stands in its place. */
function effectOf(
  { lift, absolute }: Pick<Comparison, 'lift' | 'absolute'>,
  relative: boolean,
): Effect | null {
  return relative ? lift : absolute;
}

function liftOverTime({ detail, metrics }: Results): BandChartData | null {
  const primary = metrics.find(({ role }) => role === 'primary');
  const series = detail?.series ?? [];
  if (primary === undefined || series.length === 0) return null;
  const relative = series.some(({ comparisons }) => comparisons.some(({ lift }) => lift !== null));
  return {
    title: `${relative ? 'Lift' : 'Difference'} of ${primary.key} by day, always-valid at 95 %`,
    xLabel: 'Day',
    x: series.map(({ day }) => Date.parse(day) / 1_000),
    xText: dayText,
    yText: relative ? signedPercent : figure,
    lines: primary.comparisons.map(({ variant }) => ({
      name: variant,
      points: series.map(({ comparisons }) => {
        const found = comparisons.find((comparison) => comparison.variant === variant);
        return found === undefined ? null : effectOf(found, relative);
      }),
    })),
  };
}

function liftByDaysSince({ detail, metrics }: Results): BandChartData | null {
  const primary = metrics.find(({ role }) => role === 'primary');
  const [first] = detail?.novelty ?? [];
  if (primary === undefined || first === undefined || detail === null) return null;
  const relative = detail.novelty.some(({ days }) => days.some(({ lift }) => lift !== null));
  // Past the last day on which anything happened there is nothing to draw.
  const seen =
    1 +
    first.days.findLastIndex((_day, index) =>
      detail.novelty.some(({ days }) => hasEffect(days[index], relative)),
    );
  return {
    title: `${relative ? 'Lift' : 'Difference'} of ${primary.key} by day since exposure`,
    xLabel: 'Day since exposure',
    x: first.days.slice(0, seen).map(({ day }) => day + 1),
    xText: (day) => `day ${day}`,
    yText: relative ? signedPercent : figure,
    lines: detail.novelty.map(({ variant, days }) => ({
      name: variant,
      points: days.slice(0, seen).map((day) => effectOf(day, relative)),
    })),
  };
}

const hasEffect = (day: Pick<Comparison, 'lift' | 'absolute'> | undefined, relative: boolean) =>
  day !== undefined && effectOf(day, relative) !== null;

const dayText = (seconds: number) =>
  new Date(Math.round(seconds / DAY_SECONDS) * DAY_SECONDS * 1_000).toLocaleDateString('en', {
    day: 'numeric',
    month: 'short',
    timeZone: 'UTC',
  });
