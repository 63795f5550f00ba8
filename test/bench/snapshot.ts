import type { StoredDocument } from '../../experiments/store/configuration-store.ts';
import { compileSnapshot } from '../../gateway/snapshot/compile-snapshot.ts';
import type { Snapshot } from '../../gateway/snapshot/snapshot.ts';
import { type BenchResult, median } from './bench-result.ts';
import { heldBytes } from './collect-garbage.ts';
import { configurationOf, experimentAt } from './configuration-of.ts';

const SIZES = [1_000, 10_000];
const ROUNDS = 5;
/** In each round, one after another, as a gateway meets them. */
const CHANGES = 10;
/** What a gateway may take of the second within which a change must be served everywhere. */
const BUDGET_MS = 250;
const BUDGET_MB = 200;

/** Compiling configurations of 1,000 and 10,000 running experiments: all of it, and after one of them has changed. */
export async function benchSnapshot(): Promise<BenchResult> {
  const rows = SIZES.flatMap((size) => {
    const whole: number[] = [];
    const changed: number[] = [];
    for (let round = -2; round < ROUNDS; round++) {
      let documents = configurationOf(size);
      const all = msOf(() => compiled(documents));
      const each = Array.from({ length: CHANGES }, (_, change) => {
        documents = withOneChange(documents, change);
        return msOf(() => compiled(documents));
      });
      if (round < 0) continue;
      whole.push(all);
      changed.push(...each);
    }
    const named = size.toLocaleString('en');
    return [
      { subject: `${named} experiments, all of it`, median: median(whole) },
      { subject: `${named} experiments, one of them changed`, median: median(changed) },
    ];
  });
  return {
    name: 'compiling a snapshot',
    unit: 'ms',
    rows,
    ratios: rows
      .filter(({ subject }) => subject.endsWith('changed'))
      .map((row) => ({
        label: `${BUDGET_MS} ms / ${row.subject}`,
        value: BUDGET_MS / row.median,
        budget: 1,
      })),
  };
}

/** What such configurations hold in memory, documents and snapshot together. */
export async function benchSnapshotMemory(): Promise<BenchResult> {
  const rows = SIZES.map((size) => {
    const before = heldBytes();
    const held: { documents: StoredDocument[]; snapshot?: Snapshot } = { documents: configurationOf(size) };
    held.snapshot = compiled(held.documents);
    const megabytes = (heldBytes() - before) / 2 ** 20;
    if (held.snapshot.experiments.size !== size) throw new Error('some experiments are missing');
    return { subject: `${size.toLocaleString('en')} experiments`, median: megabytes };
  });
  const [, most] = rows;
  return {
    name: 'a snapshot in memory, with its documents',
    unit: 'MB',
    rows,
    ratios: [
      { label: `${BUDGET_MB} MB / 10,000 experiments`, value: BUDGET_MB / (most?.median ?? 0), budget: 1 },
    ],
  };
}

function withOneChange(documents: readonly StoredDocument[], change: number): StoredDocument[] {
  const changed = experimentAt(change);
  const next = {
    ...changed,
    revision: 2,
    value: { ...changed.value, hypothesis: `as it is after change ${change}` },
  };
  return documents.map((document) => (document.key === next.key ? next : document));
}

function compiled(documents: readonly StoredDocument[]): Snapshot {
  const result = compileSnapshot(2, documents, { lists: new Map() });
  if (!result.ok) throw new Error(JSON.stringify(result.issues[0]));
  return result.snapshot;
}

function msOf(work: () => unknown): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}
