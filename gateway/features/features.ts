import { Counter, type Registry } from 'prom-client';
import type { EvaluationContext } from '../../experiments/assignment.ts';
import type { InferBody } from '../../models/codecs/infer-body.ts';
import { decodeInferRequest } from '../../models/codecs/open-inference.ts';
import type { Signature } from '../../models/codecs/tensor.ts';
import { encodeInferRequest } from '../../models/codecs/write-open-inference.ts';
import { KeyedReader } from '../lookups/keyed-reader.ts';
import type { FeatureSet } from './feature-set.ts';
import { type FeatureRow, type FeatureStore, featureId } from './feature-store.ts';
import { featureKeys, joinFeatures } from './join-features.ts';

const MAX_CACHED_ROWS = 100_000;

/** A request whose endpoint declares features. */
export interface FeatureRequest {
  readonly endpoint: string;
  readonly tenant: string;
  readonly sets: readonly FeatureSet[];
  readonly context: EvaluationContext;
  readonly body: InferBody;
  readonly signature: () => Promise<Signature>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Features joined into requests. A request is never refused for them: what cannot be had is its default, and counted. */
export class Features {
  readonly #reader: KeyedReader<Pick<FeatureRow, 'at' | 'values'>>;
  readonly #lookups: Counter;

  constructor(store: Pick<FeatureStore, 'read'>, registry: Registry) {
    this.#reader = new KeyedReader((ids) => store.read(ids), MAX_CACHED_ROWS);
    this.#lookups = new Counter({
      name: 'switchyard_feature_lookups_total',
      help: 'Features by what came of them: fresh, or the default because stale, missing, unavailable or unfit',
      labelNames: ['endpoint', 'entity', 'outcome'],
      registers: [registry],
    });
  }

  /** The request with its features; as it came where it is none of the protocol, which its target will say. */
  async join(request: FeatureRequest): Promise<InferBody> {
    const decoded = decodeInferRequest(request.body);
    if (!decoded.ok) return request.body;
    const signature = await request.signature();
    let { inputs } = decoded.value;
    for (const set of request.sets) {
      const keys = featureKeys(set, { inputs }, request.context);
      const joined = joinFeatures(inputs, {
        set,
        lookups: await this.#look(request, set, keys),
        signature,
        now: request.now,
      });
      this.#count(request.endpoint, set, joined);
      inputs = joined.inputs;
    }
    const binary = request.body.jsonBytes !== null;
    const encoded = encodeInferRequest({ ...decoded.value, inputs }, { binary });
    return encoded.ok ? encoded.value : request.body;
  }

  async #look(
    { tenant }: FeatureRequest,
    { entity, shared, cacheSeconds, timeoutMs }: FeatureSet,
    keys: readonly (string | null)[],
  ) {
    const owner = shared ? null : tenant;
    const known = keys.filter((key) => key !== null);
    const ids = known.map((key) => featureId({ entity, tenant: owner, key }));
    const found = await this.#reader.look(ids, { cacheMs: cacheSeconds * 1_000, timeoutMs });
    const byKey = new Map(known.map((key, index) => [key, found[index] ?? 'unavailable']));
    return keys.map((key) => (key === null ? 'missing' : (byKey.get(key) ?? 'unavailable')));
  }

  #count(
    endpoint: string,
    { entity }: FeatureSet,
    { outcomes, unfit }: ReturnType<typeof joinFeatures>,
  ): void {
    for (const outcome of outcomes) this.#lookups.inc({ endpoint, entity, outcome });
    if (unfit.length > 0) this.#lookups.inc({ endpoint, entity, outcome: 'unfit' }, unfit.length);
  }
}
