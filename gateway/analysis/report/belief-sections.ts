import type { ExperimentResults } from '../experiment-results.ts';
import { figure, percent } from './formats.ts';
import { type Html, html } from './html.ts';

/** What to believe of each variant by the declared prior; null where none is declared. */
export function beliefSection({ bayesian, metrics }: ExperimentResults): Html | null {
  if (bayesian === null) return null;
  const { metric, prior, variants } = bayesian;
  const shown = metrics.find(({ key }) => key === metric)?.kind === 'proportion' ? percent : figure;
  return html`<section><h2>What to believe of ${metric}</h2>
<p class="quiet">By the prior that was declared (${prior.kind}: ${Object.entries(prior)
    .filter(([name]) => name !== 'kind')
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')}). Credible intervals at 95 %; they promise nothing about false alarms.</p>
<div class="scroll"><table><thead><tr><th>Variant</th><th class="number">Mean</th><th class="number">Interval</th>
<th class="number">Is the best</th><th class="number">Loses on average</th><th class="number">Better than the control</th></tr></thead><tbody>
${variants.map(
  ({ key, mean, interval, probabilityBest, expectedLoss, againstControl }) => html`<tr><td>${key}</td>
<td class="number">${shown(mean)}</td><td class="number">${interval.map(shown).join(' to ')}</td>
<td class="number">${percent(probabilityBest)}</td><td class="number">${shown(expectedLoss)}</td>
<td class="number">${againstControl === null ? 'control' : percent(againstControl.probabilityBetter)}</td></tr>`,
)}</tbody></table></div></section>`;
}

/** What another weighting would have brought; null where none was asked for. */
export function policySection({ policy, metrics }: ExperimentResults): Html | null {
  if (policy === null) return null;
  const weights = Object.entries(policy.weights).map(([key, weight]) => `${key} ${weight / 100} %`);
  return html`<section><h2>Had the weights been ${weights.join(', ')}</h2>
<div class="scroll"><table><caption>Doubly robust, intervals for one look at 95 %</caption><thead><tr><th>Metric</th>
<th class="number">As run</th><th class="number">Would have been</th><th class="number">Interval</th>
<th class="number">Effective units</th><th>Note</th></tr></thead><tbody>
${policy.metrics.map(({ metric, asRun, value, reason }) => {
  const shown = metrics.find(({ key }) => key === metric)?.kind === 'proportion' ? percent : figure;
  if (value === null || asRun === null)
    return html`<tr><td>${metric}</td><td></td><td></td><td></td><td></td><td>${reason}</td></tr>`;
  const { doublyRobust, effectiveUnits, warnings } = value;
  return html`<tr><td>${metric}</td><td class="number">${shown(asRun)}</td><td class="number">${shown(doublyRobust.estimate)}</td>
<td class="number">${doublyRobust.interval.map(shown).join(' to ')}</td><td class="number">${figure(effectiveUnits)}</td>
<td>${warnings.join(' ')}</td></tr>`;
})}</tbody></table></div></section>`;
}
