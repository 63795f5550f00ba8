import type { Comparison } from '../../../experiments/analysis/comparison.ts';
import type { MetricResult } from '../../../experiments/analysis/metric-result.ts';
import type { ExperimentResults } from '../experiment-results.ts';
import { count, figure, percent, probability } from './formats.ts';
import { type Html, html } from './html.ts';
import { intervalChart } from './interval-chart.ts';

const ROLES: readonly (readonly [MetricResult['role'], string])[] = [
  ['primary', 'Primary metric'],
  ['secondary', 'Secondary metrics'],
  ['guardrail', 'Guardrails'],
];

/** Every metric by its role: lifts as a chart, and all numbers in a table. */
export function metricSections({ metrics }: ExperimentResults): Html[] {
  return ROLES.flatMap(([role, heading]) => {
    const own = metrics.filter((metric) => metric.role === role);
    if (own.length === 0) return [];
    return [html`<section><h2>${heading}</h2>${liftChart(heading, own)}${metricTable(own)}</section>`];
  });
}

/** The same by the methods that were asked for beside the always-valid one. */
export function methodSections({ otherMethods }: ExperimentResults): Html[] {
  return otherMethods.map(
    ({ method, metrics }) =>
      html`<section><h2>The same, ${method.kind}</h2>${metricTable(metrics)}</section>`,
  );
}

function liftChart(heading: string, metrics: readonly MetricResult[]): Html | null {
  const rows = metrics.flatMap((metric) =>
    metric.comparisons.flatMap((comparison) =>
      comparison.lift === null
        ? []
        : [
            {
              label: `${metric.key}: ${comparison.variant}`,
              ...comparison.lift,
              tone: toneOf(metric, comparison),
            },
          ],
    ),
  );
  return rows.length === 0 ? null : intervalChart(`${heading}: lift over the control`, rows, percent);
}

function toneOf({ direction }: MetricResult, { significant, absolute }: Comparison): 'good' | 'bad' | 'open' {
  if (!significant) return 'open';
  return absolute.estimate > 0 === (direction === 'increase') ? 'good' : 'bad';
}

function metricTable(metrics: readonly MetricResult[]): Html {
  return html`<div class="scroll"><table><caption>Intervals at 95 %, p corrected for there being several</caption>
<thead><tr><th>Metric</th><th>Variant</th><th class="number">Units</th><th class="number">Mean</th>
<th class="number">Lift</th><th class="number">Interval</th><th class="number">p</th></tr></thead><tbody>
${metrics.map((metric) => metric.variants.map((variant, index) => metricRow(metric, variant, index)))}</tbody></table></div>`;
}

function metricRow(metric: MetricResult, variant: MetricResult['variants'][number], index: number): Html {
  const comparison = metric.comparisons.find((each) => each.variant === variant.key);
  const shown = metric.kind === 'proportion' ? percent : figure;
  return html`<tr><td>${index === 0 ? metric.key : ''}</td><td>${variant.key}</td><td class="number">${count(variant.n)}</td>
<td class="number">${shown(variant.mean)}</td>${
    comparison === undefined
      ? html`<td class="number">${index === 0 ? 'control' : ''}</td><td></td><td></td>`
      : effectCells(metric, comparison)
  }</tr>`;
}

function effectCells(metric: MetricResult, comparison: Comparison): Html {
  const { lift, absolute, adjustedP, p } = comparison;
  const effect = lift === null ? figure(absolute.estimate) : percent(lift.estimate);
  const bounded = lift !== null && lift.interval !== null;
  const interval = bounded ? lift.interval : absolute.interval;
  const text = interval === null ? 'none yet' : interval.map(bounded ? percent : figure).join(' to ');
  return html`<td class="number ${toneOf(metric, comparison)}">${effect}</td><td class="number">${text}</td>
<td class="number">${probability(adjustedP ?? p)}</td>`;
}
