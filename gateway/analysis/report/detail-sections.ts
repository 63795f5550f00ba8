import type { ExperimentResults } from '../experiment-results.ts';
import { bandChart } from './band-chart.ts';
import { figure, percent, probability } from './formats.ts';
import { type Html, html } from './html.ts';
import { intervalChart } from './interval-chart.ts';

/** Two-sided 95 % of a normal distribution. */
const Z = 1.96;

/** The primary metric day by day, and by the days since exposure. */
export function timeSection({ detail, metrics }: ExperimentResults): Html | null {
  const primary = metrics.find(({ role }) => role === 'primary');
  if (detail === null || primary === undefined || detail.series.length === 0) return null;
  const format = primary.kind === 'proportion' ? percent : figure;
  return html`<section><h2>Over time</h2>
${primary.comparisons.map(({ variant }) => {
  const points = detail.series.flatMap(({ day, comparisons }) => {
    const found = comparisons.find((comparison) => comparison.variant === variant);
    return found === undefined ? [] : [{ label: day.slice(5), ...found.absolute }];
  });
  return html`<h3>${variant}: difference in ${primary.key}, as it stood at the end of each day</h3>
${bandChart(`${primary.key}, ${variant} against control, by day`, points, format)}`;
})}
${detail.novelty.map(({ variant, days, trend }) => {
  const points = days.map(({ day, absolute }) => ({ label: `day ${day + 1}`, ...absolute }));
  const change = `The effect changes by ${format(trend.absolute.estimate)} a day.`;
  return html`<h3>${variant}: effect by day since exposure</h3>
${bandChart(`${primary.key}, ${variant}, by day since exposure`, points, format)}
<p class="quiet">${trend.significant ? change : 'No trend can be told from chance.'}</p>`;
})}</section>`;
}

/** The primary metric within each value of each dimension. */
export function segmentSection({ detail, metrics }: ExperimentResults): Html | null {
  const primary = metrics.find(({ role }) => role === 'primary');
  if (detail === null || primary === undefined || detail.heterogeneity.length === 0) return null;
  const format = primary.kind === 'proportion' ? percent : figure;
  return html`<section><h2>By dimension</h2>${detail.heterogeneity.flatMap(({ variant, dimensions }) =>
    dimensions.map(({ dimension, segments, adjustedP }) => {
      const rows = segments.map(({ segment, effect: { estimate, standardError } }) => ({
        label: segment,
        estimate,
        interval: [estimate - Z * standardError, estimate + Z * standardError] as const,
        tone: 'open' as const,
      }));
      return html`<h3>${variant} by ${dimension}</h3>
${intervalChart(`${primary.key} of ${variant} by ${dimension}`, rows, format)}
<p class="quiet">Intervals for one look at 95 %. That the effect is the same by ${dimension}: p = ${probability(adjustedP)}.</p>`;
    }),
  )}</section>`;
}
