import { hashesOf, IdSet } from '../../experiments/id-set.ts';
import { type BenchResult, median } from './bench-result.ts';
import { heldBytes } from './collect-garbage.ts';

const IDS = 1_000_000;
const ROUNDS = 7;
const QUESTIONS = 200_000;

/** Ids of the usual length, so that what a set of texts takes is not flattered. */
const idOf = (index: number) => `${String(index).padStart(8, '0')}-4f1c-8e2d-a3b5-0123456789ab`;

/** What a list of a million ids takes in memory: as gateways keep it, beside a Set of the texts. */
export async function benchSegmentMemory(): Promise<BenchResult> {
  const before = heldBytes();
  const texts = new Set(Array.from({ length: IDS }, (_, index) => idOf(index)));
  const ofTexts = (heldBytes() - before) / IDS;
  if (!texts.has(idOf(1))) throw new Error('the set does not hold its ids');
  texts.clear();
  const between = heldBytes();
  const hashed = hashedSet();
  const ofHashes = (heldBytes() - between) / IDS;
  if (!hashed.has(idOf(1))) throw new Error('the set does not hold its ids');
  return {
    name: `a segment of ${IDS.toLocaleString('en')} ids in memory`,
    unit: 'bytes/id',
    rows: [
      { subject: 'Switchyard', median: ofHashes },
      { subject: 'Set of texts', median: ofTexts },
    ],
    ratios: [{ label: 'Set of texts / Switchyard', value: ofTexts / ofHashes, budget: 3 }],
  };
}

/** What it costs to ask such a list, half of the time about an id that is not there. */
export async function benchSegmentQuestions(): Promise<BenchResult> {
  const hashed = hashedSet();
  const texts = new Set(Array.from({ length: IDS }, (_, index) => idOf(index)));
  const samples = { hashed: [] as number[], texts: [] as number[] };
  for (let round = -2; round < ROUNDS; round++) {
    const [ofHashed, ofTexts] = [nsPerQuestion(hashed), nsPerQuestion(texts)];
    if (round < 0) continue;
    samples.hashed.push(ofHashed);
    samples.texts.push(ofTexts);
  }
  const rows = [
    { subject: 'Switchyard', median: median(samples.hashed) },
    { subject: 'Set of texts', median: median(samples.texts) },
  ];
  const [own = 1, peer = 0] = rows.map(({ median: value }) => value);
  return {
    name: `asking a segment of ${IDS.toLocaleString('en')} ids`,
    unit: 'ns/question',
    rows,
    ratios: [{ label: 'Set of texts / Switchyard', value: peer / own, budget: 0.2 }],
  };
}

function hashedSet(): IdSet {
  const set = new IdSet(IDS);
  for (let from = 0; from < IDS; from += 10_000) {
    set.addHashes(hashesOf(Array.from({ length: 10_000 }, (_, index) => idOf(from + index))));
  }
  return set;
}

/** Ids come off the wire as new texts each time, whose hash no engine has cached yet. */
function nsPerQuestion(set: { has(id: string): boolean }): number {
  const ids = Array.from({ length: QUESTIONS }, (_, index) => idOf((index * 7_919) % (2 * IDS)));
  const started = performance.now();
  let found = 0;
  for (const id of ids) if (set.has(id)) found += 1;
  const elapsedMs = performance.now() - started;
  if (found === 0 || found === QUESTIONS) throw new Error('the questions are all answered alike');
  return (elapsedMs * 1e6) / QUESTIONS;
}
