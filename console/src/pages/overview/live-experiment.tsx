import { Anchor, Card, Group, Stack, Text } from '@mantine/core';
import { Link } from 'wouter';
import { count, figure, percentOfBp } from '../../parts/format.ts';
import { Sparkline } from '../../parts/sparkline.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import type { Watched } from './attention.ts';

interface LiveExperimentProps {
  readonly watched: Watched;
  readonly hours: number;
  /** Over the last hours, the oldest first; undefined while it is on its way, or there were none. */
  readonly exposures: readonly number[] | undefined;
}

/** One experiment that runs: state, traffic, verdict and health. */
export function LiveExperiment({ watched, hours, exposures }: LiveExperimentProps) {
  const { experiment, results } = watched;
  return (
    <Card withBorder>
      <Stack gap="sm">
        <Group justify="space-between" wrap="nowrap">
          <Anchor component={Link} href={`/experiments/${experiment.key}`} fw={600}>
            {experiment.name ?? experiment.key}
          </Anchor>
          <StateBadge state={experiment.state} />
        </Group>
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Text size="sm" c="dimmed">
            {experiment.endpoint} · by {experiment.unit} · {percentOfBp(experiment.allocation ?? 10_000)} of
            the audience
          </Text>
          {exposures !== undefined && <Sparkline of="exposures" counts={exposures} hours={hours} />}
        </Group>
        {results === undefined ? (
          <Text size="sm" aria-busy>
            Counting …
          </Text>
        ) : (
          <>
            <Text>{results.verdict.sentence}</Text>
            <Text size="sm" c="dimmed">
              {count(results.exposures.units)} units in {count(results.exposures.total)} exposures
            </Text>
          </>
        )}
        <Health watched={watched} />
      </Stack>
    </Card>
  );
}

/** Sample ratio, guardrails, fallbacks, and targets per cloud; never by colour alone. */
function Health({ watched: { results, halts, targets } }: { readonly watched: Watched }) {
  const breached =
    results?.verdict.reasons.filter((reason) => reason.startsWith('The guardrail ')).length ?? 0;
  const fallbacks = results === undefined ? 0 : results.fallbacks / Math.max(1, results.exposures.total);
  const clouds = [...Map.groupBy(targets, ({ cloud }) => cloud)];
  return (
    <Group gap="xs" component="dl" m={0}>
      {results !== undefined && (
        <>
          <Check name="Sample ratio" ok={results.sampleRatio.ok && results.sequentialSampleRatio.ok} />
          <Check
            name="Guardrails"
            ok={breached === 0 && halts.length === 0}
            text={halts.length > 0 ? 'halted' : breached > 0 ? `${breached} breached` : 'hold'}
          />
          <Check name="Stand-ins" ok={fallbacks < 0.05} text={`${(100 * fallbacks).toFixed(1)}%`} />
        </>
      )}
      {clouds.map(([cloud, own]) => {
        const calls = own.reduce((sum, target) => sum + target.calls, 0);
        const failed = own.reduce((sum, target) => sum + target.failed, 0);
        const slowest = Math.max(...own.map(({ latencyMs }) => latencyMs?.p95 ?? 0));
        return (
          <Check
            key={cloud}
            name={cloud}
            ok={failed / calls < 0.02}
            text={`${((100 * failed) / calls).toFixed(1)}% fail, p95 ${figure(slowest)} ms`}
          />
        );
      })}
    </Group>
  );
}

function Check({
  name,
  ok,
  text = ok ? 'holds' : 'broken',
}: {
  readonly name: string;
  readonly ok: boolean;
  readonly text?: string;
}) {
  return (
    <Group gap={4} wrap="nowrap">
      <Text component="dt" size="xs" c="dimmed">
        {name}
      </Text>
      <Text component="dd" m={0} size="xs" fw={600} {...(ok ? {} : { className: 'bad' })}>
        {ok ? '✓' : '✗'} {text}
      </Text>
    </Group>
  );
}
