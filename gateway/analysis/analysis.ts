import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Method } from '../../experiments/analysis/method.ts';
import type { Standing } from '../../experiments/analysis/verdict-sentence.ts';
import type { Halt } from '../../experiments/halt.ts';
import type { Metric } from '../../experiments/metric.ts';
import type { ConfigurationStore } from '../../experiments/store/configuration-store.ts';
import type { ObjectStore } from '../../models/artifacts/object-store.ts';
import { LakeReader } from '../pipeline/lake-reader.ts';
import type { RegisteredExperiment } from '../snapshot/snapshot.ts';
import { LakeDigest } from './digest/lake-digest.ts';
import { drawnSince } from './drawn-since.ts';
import { type ExperimentResults, experimentResults } from './experiment-results.ts';
import { type PowerRequest, planExperiment } from './plan-experiment.ts';
import { Planner } from './planner.ts';
import type { Weighting } from './policy-values.ts';
import { type AudienceRequest, type AudienceUnits, previewAudience } from './preview-audience.ts';
import { type MetricPreview, type PreviewRequest, previewMetric } from './preview-metric.ts';
import { type RecentTraffic, recentTraffic } from './recent-traffic.ts';
import type { PowerResults } from './schema/power-schema.ts';

/** Raised when the same input would give other results, or in another shape. */
const RESULTS_VERSION = 4;
const HOUR_MS = 3_600_000;

export interface AnalysisOptions {
  /** This gateway's own lake first. */
  readonly lakes: readonly [ObjectStore, ...ObjectStore[]];
  readonly dataDir: string;
  readonly store: Pick<ConfigurationStore, 'results' | 'putResults' | 'audit'>;
  /** The definitions in force. */
  readonly metrics: () => readonly Metric[];
  /** The halts in force. */
  readonly halts: () => readonly Halt[];
  /** Called with the name of each object that cannot be read, and is left out. */
  readonly onDamaged: (object: string) => void;
  readonly now?: () => number;
}

export interface LookOptions {
  readonly detailed: boolean;
  readonly methods: readonly Method[];
  /** One that was not run, to be valued. */
  readonly weighting?: Weighting | null;
}

/** Everything that is asked of the lake, over one digest of it, and of the lakes of other clouds. Opened at the first question, not before. */
export class Analysis {
  readonly #options: AnalysisOptions;
  readonly #now: () => number;
  readonly #planner = new Planner();
  #opened: Promise<Opened> | null = null;

  constructor(options: AnalysisOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /**
   * How an experiment, or what a holdout amounts to, stands. What is stored is answered where nothing of what goes in
   * has changed: files of the lake, definitions, and the hour, since windows end with time. What was asked for beside
   * (methods, a weighting) is made each time, and stored nowhere. Throws as `experimentResults` does.
   */
  async results(
    { experiment, revision, state, status }: RegisteredExperiment,
    look: LookOptions,
    of: Standing['of'] = 'experiment',
  ): Promise<ExperimentResults> {
    const { store } = this.#options;
    const { digest } = await this.#open();
    const metrics = this.#options.metrics();
    const halts = this.#options.halts().filter((halt) => halt.experiment === experiment.key);
    const standing = of === 'holdout' ? { of } : { of, state, decision: status.decision };
    const asOfMs = this.#now();
    const input = {
      experiment,
      revision,
      metrics,
      standing,
      halts,
      hour: Math.floor(asOfMs / HOUR_MS),
      version: RESULTS_VERSION,
    };
    const fingerprintOf = (lake: string) =>
      createHash('sha256')
        .update(`${lake}\n${JSON.stringify(input)}`)
        .digest('hex');
    const name = `${experiment.key}/${look.detailed ? 'detailed' : 'plain'}`;
    const isPlain = look.methods.length === 0 && (look.weighting ?? null) === null;
    const stored = isPlain ? await store.results(name) : null;
    if (stored !== null && stored.fingerprint === fingerprintOf(await digest.fingerprint())) {
      return JSON.parse(stored.value);
    }
    const fromRevision = await drawnSince(store, experiment);
    const adaptive = experiment.bandit !== undefined || status.banditAt !== undefined;
    const scope = { experiment, revision, fromRevision, asOfMs, adaptive };
    const results = await experimentResults({ ...scope, metrics, standing, halts, digest, ...look });
    if (isPlain)
      await store.putResults(name, {
        fingerprint: fingerprintOf(results.input.fingerprint),
        value: JSON.stringify(results),
      });
    return results;
  }

  /** Where the lakes are. */
  get lakeUris(): string[] {
    return this.#options.lakes.map(({ uri }) => uri);
  }

  /** What a metric would have measured lately. */
  async preview(request: Omit<PreviewRequest, 'asOfMs'>): Promise<MetricPreview> {
    const { digest } = await this.#open();
    return previewMetric(digest, { ...request, asOfMs: this.#now() });
  }

  /** How many of the units that were lately exposed an audience would take. */
  async audience(request: Omit<AudienceRequest, 'asOfMs'>): Promise<AudienceUnits> {
    const { digest } = await this.#open();
    return previewAudience(digest, { ...request, asOfMs: this.#now() });
  }

  /** How long an experiment has to run, going by what was measured at its endpoint. */
  async plan(request: Omit<PowerRequest, 'asOfMs' | 'metrics'>): Promise<PowerResults> {
    const { digest } = await this.#open();
    const [metrics, asOfMs] = [this.#options.metrics(), this.#now()];
    return planExperiment({ digest, planner: this.#planner }, { ...request, metrics, asOfMs });
  }

  /** How things went in the last hours, by this gateway's own lake. */
  async traffic(hours: number): Promise<RecentTraffic> {
    const { readers } = await this.#open();
    const asOfMs = this.#now();
    return recentTraffic(readers[0], { fromMs: asOfMs - hours * HOUR_MS, asOfMs });
  }

  /** Nothing may be asked any more. */
  async close(): Promise<void> {
    await this.#planner.close();
    for (const reader of (await this.#opened)?.readers ?? []) reader.close();
  }

  #open(): Promise<Opened> {
    this.#opened ??= this.#openReaders();
    return this.#opened;
  }

  async #openReaders(): Promise<Opened> {
    const { lakes, dataDir, onDamaged } = this.#options;
    const [own, ...others] = lakes;
    const openAt = (lake: ObjectStore, place: number) =>
      LakeReader.open({
        lake,
        cacheDirectory: join(dataDir, 'lake-cache', String(process.pid), String(place)),
        onDamaged,
      });
    const first = await openAt(own, 0);
    const readers = [
      first,
      ...(await Promise.all(others.map((lake, index) => openAt(lake, index + 1)))),
    ] as const;
    return { readers, digest: new LakeDigest(readers, join(dataDir, 'analysis', 'digest.duckdb')) };
  }
}

interface Opened {
  readonly readers: readonly [LakeReader, ...LakeReader[]];
  readonly digest: LakeDigest;
}
