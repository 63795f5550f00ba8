/**
 * Runs the benches named on the command line, or all, and prints their tables as Markdown:
 * `npm run bench -- assignment`.
 */
import { benchAnalysis } from './analysis.ts';
import { benchAssignment } from './assignment.ts';
import type { BenchResult } from './bench-result.ts';
import { benchConsole } from './console.ts';
import { benchExposures } from './exposures.ts';
import { benchFlags } from './flags.ts';
import { benchBatching, benchTinyModel } from './onnx.ts';
import { benchPropagation } from './propagation.ts';
import { benchProxy } from './proxy.ts';
import { benchReload } from './reload.ts';
import { benchSegmentMemory, benchSegmentQuestions } from './segments.ts';
import { benchSnapshot, benchSnapshotMemory } from './snapshot.ts';

const BENCHES: readonly { readonly name: string; readonly run: () => Promise<BenchResult> }[] = [
  { name: 'analysis', run: benchAnalysis },
  { name: 'assignment', run: () => benchAssignment(100) },
  { name: 'assignment-1', run: () => benchAssignment(1) },
  { name: 'assignment-10000', run: () => benchAssignment(10_000) },
  { name: 'onnx-tiny', run: benchTinyModel },
  { name: 'onnx-batching', run: benchBatching },
  { name: 'flags', run: benchFlags },
  { name: 'proxy', run: benchProxy },
  { name: 'console', run: benchConsole },
  { name: 'exposures', run: benchExposures },
  { name: 'reload', run: benchReload },
  { name: 'propagation', run: benchPropagation },
  { name: 'snapshot', run: benchSnapshot },
  { name: 'snapshot-memory', run: benchSnapshotMemory },
  { name: 'segment-memory', run: benchSegmentMemory },
  { name: 'segment-questions', run: benchSegmentQuestions },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !BENCHES.some((bench) => bench.name === name));
if (unknown.length > 0) {
  const known = BENCHES.map(({ name }) => name).join(', ');
  console.error(`No bench is named ${unknown.join(', ')}: choose from ${known}.`);
  process.exit(2);
}

for (const { name, run } of BENCHES) {
  if (wanted.length === 0 || wanted.includes(name)) console.log(table(await run()));
}

function table({ name, unit, rows, ratios }: BenchResult): string {
  return [
    `## ${name}`,
    '',
    `| subject | median, ${unit} |`,
    '| --- | ---: |',
    ...rows.map(({ subject, median }) => `| ${subject} | ${figure(median)} |`),
    '',
    '| ratio | measured | budget |',
    '| --- | ---: | ---: |',
    ...ratios.map(({ label, value, budget }) => `| ${label} | ${figure(value)} × | ≥ ${budget} × |`),
    '',
  ].join('\n');
}

/** Three significant digits, without an exponent. */
function figure(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}
