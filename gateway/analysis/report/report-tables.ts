import type { ExperimentResults } from '../experiment-results.ts';
import { count, figure, percent, probability } from './formats.ts';
import { type Html, html } from './html.ts';

/** Whether units fell to the variants as the weights say. */
export function splitSection(results: ExperimentResults): Html {
  const { sampleRatio, sequentialSampleRatio, sampleRatioGroups, exposures } = results;
  const failing = sampleRatioGroups.flatMap(({ dimension, groups }) =>
    groups.filter(({ ok }) => !ok).map(({ group, adjustedP }) => ({ dimension, group, adjustedP })),
  );
  const trusted = sampleRatio.ok && sequentialSampleRatio.ok && failing.length === 0;
  const sentence = `Units ${trusted ? 'fell' : 'did not fall'} to the variants as the weights say`;
  return html`<section><h2>Split</h2>
<p class="${trusted ? 'good' : 'bad'}">${sentence} (chi-square p = ${probability(sampleRatio.p)}, always-valid p = ${probability(sequentialSampleRatio.p)}).</p>
${failing.map(({ dimension, group, adjustedP }) => html`<p class="bad">Not where ${dimension} is ${group} (p = ${probability(adjustedP)}).</p>`)}
<div class="scroll"><table><thead><tr><th>Variant</th><th class="number">Units</th><th class="number">Exposures</th></tr></thead><tbody>
${Object.entries(exposures.byVariant).map(
  ([key, own]) =>
    html`<tr><td>${key}</td><td class="number">${count(own.units)}</td><td class="number">${count(own.exposures)}</td></tr>`,
)}</tbody></table></div>${sampleRatioGroups.slice(1).map(segmentTable)}</section>`;
}

/** Days are many and mostly fine: only those that are not are named above. */
function segmentTable({ dimension, groups }: ExperimentResults['sampleRatioGroups'][number]): Html {
  return html`<div class="scroll"><table><caption>By ${dimension}, p always-valid and corrected for there being several</caption>
<thead><tr><th>${dimension}</th><th class="number">Units</th><th class="number">p of the split</th></tr></thead><tbody>
${groups.map(
  ({ group, units, adjustedP, ok }) => html`<tr><td>${group}</td><td class="number">${count(units)}</td>
<td class="number ${ok ? '' : 'bad'}">${probability(adjustedP)}</td></tr>`,
)}</tbody></table></div>`;
}

/** What the gateway did, per cloud, and what really answered. */
export function servingSection({ serving, asServed, fallbacks }: ExperimentResults): Html {
  return html`<section><h2>Serving</h2>
<div class="scroll"><table><caption>Per variant and cloud that answered</caption><thead><tr><th>Variant</th><th>Cloud</th>
<th class="number">Exposures</th><th class="number">Errors</th><th class="number">Fallbacks</th>
<th class="number">p50, ms</th><th class="number">p95, ms</th><th class="number">p99, ms</th>
<th class="number">Cost</th><th class="number">Per answer</th></tr></thead><tbody>
${serving.map(
  ({ variant, cloud, exposures, errorRate, fallbacks: own, latencyMs, cost }) => html`<tr><td>${variant}</td>
<td>${cloud ?? 'none answered'}</td><td class="number">${count(exposures)}</td><td class="number">${percent(errorRate)}</td>
<td class="number">${count(own)}</td><td class="number">${figure(latencyMs.p50)}</td><td class="number">${figure(latencyMs.p95)}</td>
<td class="number">${figure(latencyMs.p99)}</td><td class="number">${cost === null ? '' : figure(cost.total)}</td>
<td class="number">${cost === null ? '' : figure(cost.perAnswer)}</td></tr>`,
)}</tbody></table></div>
<div class="scroll"><table><caption>What answered for each variant${
    fallbacks === 0 ? '' : `; ${count(fallbacks)} answers by another target than the assigned one`
  }</caption>
<thead><tr><th>Variant</th><th>Target</th><th>Model</th><th>Cloud</th><th class="number">Exposures</th></tr></thead><tbody>
${asServed.map(
  ({
    variant,
    target,
    model,
    version,
    cloud,
    exposures,
  }) => html`<tr><td>${variant}</td><td>${target ?? 'none'}</td>
<td>${model === null ? '' : `${model} ${version ?? ''}`}</td><td>${cloud ?? ''}</td><td class="number">${count(exposures)}</td></tr>`,
)}</tbody></table></div></section>`;
}
