import type { Experiment } from '../../../experiments/experiment.ts';
import type { ExperimentResults } from '../experiment-results.ts';
import { beliefSection, policySection } from './belief-sections.ts';
import { segmentSection, timeSection } from './detail-sections.ts';
import { count } from './formats.ts';
import { type Html, html } from './html.ts';
import { methodSections, metricSections } from './metric-sections.ts';
import { REPORT_STYLE } from './report-style.ts';
import { servingSection, splitSection } from './report-tables.ts';

const DECISIONS: Readonly<Record<ExperimentResults['verdict']['decision'], string>> = {
  ship: 'Ship',
  'roll-back': 'Roll back',
  'keep-running': 'Keep running',
  inconclusive: 'Inconclusive',
  untrusted: 'Cannot be trusted',
};

/**
 * One HTML page that needs nothing else: no script, no font, no image, no request. The verdict first, then what it
 * rests on. `results` are detailed ones.
 */
export function experimentReport(experiment: Experiment, results: ExperimentResults): string {
  const { key, endpoint, unit, hypothesis } = experiment;
  const title = experiment.name ?? key;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}: ${DECISIONS[results.verdict.decision]}</title><style>${{ html: REPORT_STYLE }}</style></head><body>
<header><h1>${title}</h1><p>Experiment ${key} at endpoint ${endpoint}, randomised by ${unit}; as of ${results.asOf}</p>
${hypothesis === undefined ? null : html`<p>${hypothesis}</p>`}</header>
<main>${verdictSection(results)}${metricSections(results)}${timeSection(results)}${segmentSection(results)}
${beliefSection(results)}${policySection(results)}${splitSection(results)}${servingSection(results)}${methodSections(results)}${querySection(results)}</main></body></html>
`.html;
}

function verdictSection({ verdict, exposures }: ExperimentResults): Html {
  const left = `; ${count(exposures.excludedUnits)} units seen in two variants are left out`;
  return html`<section class="verdict ${verdict.decision}" aria-label="Verdict">
<strong>${DECISIONS[verdict.decision]}</strong><p>${verdict.sentence}</p>
<ul>${verdict.reasons.map((reason) => html`<li>${reason}</li>`)}</ul></section>
<p class="quiet">${count(exposures.units)} units, ${count(exposures.total)} exposures${exposures.excludedUnits > 0 ? left : ''}.</p>`;
}

function querySection({ metrics, queries, input, epochs }: ExperimentResults): Html {
  return html`<section><h2>How to get these numbers</h2>
<p class="quiet">From ${count(input.files)} files of the lake (fingerprint ${input.fingerprint.slice(0, 16)});
periods of constant weights: ${count(epochs.length)}. Each query gives the moments of one metric, in DuckDB.</p>
${metrics.map(
  ({
    key,
    explanation: { measures, estimate, interval, correction },
  }) => html`<details><summary>${key}: ${measures}</summary>
<p class="quiet">${estimate} ${interval} ${correction}</p><pre>${queries[key] ?? ''}</pre></details>`,
)}</section>`;
}
