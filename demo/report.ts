import { table } from '../cli/table.ts';
import { RANKING_ENDPOINT, RANKING_EXPERIMENT } from './configuration.ts';
import { checkPromises, lostExposures, type PromiseCheck, signed, signsAgree } from './promises.ts';
import type { DemoRun } from './run-demo.ts';

const count = (value: number): string => value.toLocaleString('en-US');
const ms = (value: number): string => value.toFixed(1);
const interval = (bounds: readonly number[] | null): string =>
  bounds === null ? 'too few visitors' : `[${bounds.map(signed).join(', ')}]`;
const percent = (share: number): string => `${share < 0 ? '−' : '+'}${(Math.abs(share) * 100).toFixed(1)} %`;

/** The verdict for a person at a terminal. */
export function textReport(run: DemoRun): string {
  const checks = checkPromises(run);
  return [
    `Experiment ${RANKING_EXPERIMENT}: ${run.results.verdict.sentence}`,
    metricTable(run),
    `Exposures: ${exposuresByVariant(run)}. Sample ratio: p = ${run.results.sampleRatio.p.toFixed(3)}. Intervals are always valid: look as often as you like.`,
    `Offline, each version alone on the same lists: v1 ${run.offline.v1.toFixed(3)}, v2 ${run.offline.v2.toFixed(3)}, difference ${signed(run.offline.difference)}.`,
    servingTable(run),
    checks.map(({ promise, holds, seen }) => `${holds ? '✓' : '✗'} ${promise} (${seen})`).join('\n'),
  ].join('\n\n');
}

function exposuresByVariant({ results }: DemoRun): string {
  return Object.entries(results.exposures.byVariant)
    .map(([variant, { exposures, units }]) => `${variant} ${count(exposures)} of ${count(units)} visitors`)
    .join(', ');
}

function metricTable({ results }: DemoRun): string {
  const rows = results.metrics.flatMap(({ key, variants, comparisons }) =>
    variants.map((variant) => {
      const compared = comparisons.find((comparison) => comparison.variant === variant.key);
      const effect = compared?.absolute;
      return [
        key,
        variant.key,
        count(variant.n),
        variant.mean.toFixed(3),
        effect === undefined ? '' : signed(effect.estimate),
        effect?.interval === undefined ? '' : interval(effect.interval),
        compared?.lift === undefined || compared.lift === null ? '' : percent(compared.lift.estimate),
      ];
    }),
  );
  return table([['metric', 'variant', 'visitors', 'mean', 'difference', 'interval', 'lift'], ...rows]);
}

function servingTable({ results }: DemoRun): string {
  const rows = results.serving.map((served) => [
    served.variant,
    served.cloud ?? 'none',
    count(served.exposures),
    count(served.errors),
    count(served.fallbacks),
    ...[served.latencyMs.p50, served.latencyMs.p95, served.latencyMs.p99].map(ms),
  ]);
  return table([
    ['variant', 'answered by', 'exposures', 'errors', 'fallbacks', 'p50 ms', 'p95 ms', 'p99 ms'],
    ...rows,
  ]);
}

/** The verdict for a program, on one line. */
export function jsonReport(run: DemoRun): string {
  const { results, primary, offline, tally } = run;
  const checks: readonly PromiseCheck[] = checkPromises(run);
  return JSON.stringify({
    ok: checks.every(({ holds }) => holds),
    lostExposures: lostExposures(run),
    exposures: results.exposures,
    sampleRatioP: results.sampleRatio.p,
    clouds: tally.answersByCloud,
    fallbacks: tally.fallbacks,
    failedRequests: tally.failed,
    verdict: {
      ...results.verdict,
      difference: primary.absolute.estimate,
      differenceInterval: primary.absolute.interval,
      lift: primary.lift?.estimate ?? null,
      interval: primary.lift?.interval ?? null,
    },
    offline,
    signsAgree: signsAgree(run),
    promises: checks,
  });
}

/** What to try while it stays up. */
export function invitation({ system, keys, requestFile }: DemoRun): string {
  const { gatewayUrl, metricsUrl, adminKey } = system;
  return [
    table([
      ['what', 'where or which'],
      ['gateway', gatewayUrl],
      ['API description', `${gatewayUrl}/openapi.json`],
      ['metrics', metricsUrl],
      ['admin key', adminKey],
      ...Object.entries(keys).map(([tenant, key]) => [`API key of ${tenant}`, key]),
    ]),
    'Rank five films as a visitor of odeon:',
    `  curl -si ${gatewayUrl}/v2/models/${RANKING_ENDPOINT}/infer -H 'x-api-key: ${keys.odeon}' -H 'x-switchyard-unit: visitor-00007' -H 'content-type: application/json' -d @${requestFile}`,
    'Read the verdict as the product team:',
    `  curl -s '${gatewayUrl}/admin/v1/experiments/${RANKING_EXPERIMENT}/results?fresh=true' -H 'authorization: Bearer ${adminKey}'`,
    'It stays up until you press Ctrl-C.',
  ].join('\n');
}
