import type { JointMoments, Pair } from '../../experiments/analysis/joint-moments.ts';
import { type Moments, withVarianceFloor } from '../../experiments/analysis/moments.ts';
import { ratioMoments } from '../../experiments/analysis/ratio.ts';
import type { Exposure } from '../../experiments/exposure.ts';

/** What guardrails watch of every answer. */
export const WATCHED = ['error-rate', 'latency'] as const;
export type Watched = (typeof WATCHED)[number];

/** Units fall to so many buckets by their pseudonyms, which are uniform. */
const BUCKETS = 256;
const FIELDS = 1 + WATCHED.length;

/** What is counted of an answer. */
type CountedAnswer = Pick<
  Exposure,
  'experiment' | 'variant' | 'propensityBp' | 'unit' | 'status' | 'error' | 'latencyMs'
>;

/** Of one variant: answers, errors and latency, by bucket of units. */
interface VariantCounts {
  propensityBp: number;
  answers: number;
  /** By bucket: answers, errors, milliseconds. */
  readonly sums: Float64Array;
}

/**
 * Counts every answer of every variant, in bounded memory. Answers to one unit are not independent, but whole units
 * are, and so are buckets of units: the spread over buckets tells the error of a mean whatever happens within a unit.
 * When the weights of an experiment change its counts begin anew: an outage meanwhile says nothing of a variant.
 */
export class GuardrailCounters {
  readonly #experiments = new Map<string, Map<string, VariantCounts>>();

  /** One answer; cheap enough for every request. */
  observe({ experiment, variant, propensityBp, unit, status, error, latencyMs }: CountedAnswer): void {
    // A client reported it: the gateway served nothing.
    if (status === null || latencyMs === null) return;
    let variants = this.#experiments.get(experiment);
    if (variants?.get(variant)?.propensityBp !== propensityBp && variants?.has(variant) === true)
      variants = undefined;
    if (variants === undefined) {
      variants = new Map();
      this.#experiments.set(experiment, variants);
    }
    let counts = variants.get(variant);
    if (counts === undefined) {
      counts = { propensityBp, answers: 0, sums: new Float64Array(BUCKETS * FIELDS) };
      variants.set(variant, counts);
    }
    const at = bucketOf(unit) * FIELDS;
    counts.answers += 1;
    counts.sums[at] = (counts.sums[at] ?? 0) + 1;
    if (status >= 500 || error !== null) counts.sums[at + 1] = (counts.sums[at + 1] ?? 0) + 1;
    counts.sums[at + 2] = (counts.sums[at + 2] ?? 0) + latencyMs;
  }

  /**
   * Mean of a variant per answer; `n` is the number of answers, and variance / n the squared error of the mean. Null
   * before there are answers in two buckets.
   */
  moments(experiment: string, variant: string, watched: Watched): Moments | null {
    const counts = this.#experiments.get(experiment)?.get(variant);
    if (counts === undefined) return null;
    const joint = overBuckets(counts.sums, 1 + WATCHED.indexOf(watched));
    if (joint.n < 2) return null;
    const { mean, variance, n } = ratioMoments(joint);
    const moments = { n: counts.answers, mean, variance: (variance / n) * counts.answers };
    // Nothing but errors, or none at all, shows no variance: it is not certain for that.
    return watched === 'error-rate' ? withVarianceFloor(moments) : moments;
  }

  /** Counts of an experiment begin anew. */
  restart(experiment: string): void {
    this.#experiments.delete(experiment);
  }

  /** Forgets what no running experiment needs. */
  keepOnly(experiments: ReadonlySet<string>): void {
    for (const key of this.#experiments.keys()) if (!experiments.has(key)) this.#experiments.delete(key);
  }
}

/** The pseudonym's first two characters, 12 bits of base64url; only that they are spread evenly matters. */
function bucketOf(unit: string): number {
  return (unit.charCodeAt(0) * 31 + unit.charCodeAt(1) * 7 + unit.charCodeAt(2)) % BUCKETS;
}

/** Moments over the buckets in use of [sum of the field, answers]. */
function overBuckets(sums: Float64Array, field: number): JointMoments<Pair> {
  const rows: Pair[] = [];
  for (let at = 0; at < sums.length; at += FIELDS) {
    const answers = sums[at] ?? 0;
    if (answers > 0) rows.push([sums[at + field] ?? 0, answers]);
  }
  const n = rows.length;
  const mean = (of: 0 | 1) => rows.reduce((sum, row) => sum + row[of], 0) / Math.max(1, n);
  const means: Pair = [mean(0), mean(1)];
  const covariance = (a: 0 | 1, b: 0 | 1) =>
    n < 2 ? 0 : rows.reduce((sum, row) => sum + (row[a] - means[a]) * (row[b] - means[b]), 0) / (n - 1);
  return {
    n,
    means,
    covariances: [
      [covariance(0, 0), covariance(0, 1)],
      [covariance(1, 0), covariance(1, 1)],
    ],
  };
}
