import { errorOf, SwitchyardError, unreachable } from './switchyard-error.ts';
import type {
  Context,
  Evaluation,
  Exposure,
  InferOptions,
  InferResult,
  Outcome,
  Report,
  Tensor,
} from './types.ts';

export { SwitchyardError } from './switchyard-error.ts';
export type * from './types.ts';

export interface ClientOptions {
  /** `https://switchyard.example` */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** How often a report is tried again; 3 unless given. Inference never is: the gateway does that. */
  readonly retries?: number;
  readonly fetch?: typeof fetch;
}

const MAX_BATCH = 1_000;
const FIRST_PAUSE_MS = 200;

interface Posted {
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Whether it may be sent again. */
  readonly idempotent?: boolean;
}

/** Talks to a Switchyard gateway as a tenant. Throws SwitchyardError, except from flags, which give their default. */
export class SwitchyardClient {
  readonly #options: ClientOptions;
  readonly #fetch: typeof fetch;

  constructor(options: ClientOptions) {
    this.#options = { ...options, baseUrl: options.baseUrl.replace(/\/+$/, '') };
    this.#fetch = options.fetch ?? ((...given) => globalThis.fetch(...given));
  }

  /** Asks the model behind an endpoint: the variant that the unit is in answers. */
  async infer(endpoint: string, inputs: readonly Tensor[], options: InferOptions = {}): Promise<InferResult> {
    const { unit, context, timeoutMs, signal } = options;
    const response = await this.#post(`/v2/models/${encodeURIComponent(endpoint)}/infer`, {
      body: { inputs },
      signal,
      headers: {
        ...(unit === undefined ? {} : { 'x-switchyard-unit': unit }),
        ...(context === undefined ? {} : { 'x-switchyard-context': base64url(JSON.stringify(context)) }),
        ...(timeoutMs === undefined ? {} : { 'x-request-timeout-ms': String(timeoutMs) }),
      },
    });
    const { outputs } = (await response.json()) as { readonly outputs: readonly Tensor[] };
    const { headers } = response;
    return {
      outputs,
      served: {
        requestId: headers.get('x-request-id') ?? '',
        experiment: headers.get('x-switchyard-experiment'),
        variant: headers.get('x-switchyard-variant'),
        target: headers.get('x-switchyard-target'),
        model: headers.get('x-switchyard-model'),
        fallback: headers.get('x-switchyard-fallback') === 'true',
      },
    };
  }

  /** One flag. This is a use of it, so the gateway records the exposure. Never throws: the default is an answer. */
  async evaluate<Value>(key: string, context: Context, defaultValue: Value): Promise<Evaluation<Value>> {
    try {
      const response = await this.#post(`/ofrep/v1/evaluate/flags/${encodeURIComponent(key)}`, {
        body: { context },
      });
      return evaluationOf((await response.json()) as Answer, key, defaultValue);
    } catch (error) {
      if (!(error instanceof SwitchyardError)) throw error;
      const { errorCode } = error.details;
      return failed(key, defaultValue, typeof errorCode === 'string' ? errorCode : error.code);
    }
  }

  /** Every flag for one context, by key. None of them counts as used: report the exposures of those that are. */
  async evaluateAll(context: Context): Promise<ReadonlyMap<string, Evaluation>> {
    const response = await this.#post('/ofrep/v1/evaluate/flags', { body: { context }, idempotent: true });
    const { flags } = (await response.json()) as {
      readonly flags: readonly (Answer & { readonly key: string })[];
    };
    return new Map(flags.map((flag) => [flag.key, evaluationOf(flag, flag.key, undefined)]));
  }

  /** Reports what units did, any number at once. Safe to repeat: every outcome has its id. */
  reportOutcomes(outcomes: readonly Outcome[]): Promise<Report> {
    return this.#report('outcomes', outcomes);
  }

  /** Reports uses of flags from a bulk evaluation. Safe to repeat: every exposure has its id. */
  reportExposures(exposures: readonly Exposure[]): Promise<Report> {
    return this.#report('exposures', exposures);
  }

  async #report(name: 'outcomes' | 'exposures', items: readonly unknown[]): Promise<Report> {
    let accepted = 0;
    const rejected: Report['rejected'][number][] = [];
    for (let from = 0; from < items.length; from += MAX_BATCH) {
      const body = { [name]: items.slice(from, from + MAX_BATCH) };
      const report = (await (await this.#post(`/v1/${name}`, { body, idempotent: true })).json()) as Report;
      accepted += report.accepted;
      rejected.push(...report.rejected.map((item) => ({ ...item, index: item.index + from })));
    }
    return { accepted, rejected };
  }

  async #post(path: string, request: Posted): Promise<Response> {
    const retries = request.idempotent === true ? (this.#options.retries ?? 3) : 0;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#once(path, request);
      } catch (error) {
        if (!(error instanceof SwitchyardError) || !error.retryable || attempt >= retries) throw error;
        // Half of it at random, so that clients that failed together do not come back together.
        const pauseMs = FIRST_PAUSE_MS * 2 ** attempt * (0.5 + Math.random() / 2);
        await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs ?? pauseMs));
      }
    }
  }

  async #once(path: string, { body, headers = {}, signal }: Posted): Promise<Response> {
    const { baseUrl, apiKey } = this.#options;
    const response = await this.#fetch(`${baseUrl}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    }).catch((cause: unknown) => {
      if (signal?.aborted === true) throw cause;
      throw unreachable(cause);
    });
    if (!response.ok) throw await errorOf(response);
    return response;
  }
}

/** A flag as the OpenFeature Remote Evaluation Protocol has it. */
interface Answer {
  readonly value?: unknown;
  readonly variant?: string;
  readonly reason?: string;
  readonly errorCode?: string;
}

function evaluationOf<Value>(answer: Answer, key: string, defaultValue: Value): Evaluation<Value> {
  const { value = defaultValue, variant = null, reason = 'UNKNOWN', errorCode } = answer;
  if (errorCode !== undefined) return failed(key, defaultValue, errorCode);
  // A value of another type than the default would break whoever asked for that type.
  if (defaultValue !== undefined && typeof value !== typeof defaultValue) {
    return failed(key, defaultValue, 'TYPE_MISMATCH');
  }
  return { key, value: value as Value, variant, reason, errorCode: null };
}

function failed<Value>(key: string, value: Value, errorCode: string): Evaluation<Value> {
  return { key, value, variant: null, reason: 'ERROR', errorCode };
}

/** UTF-8 as base64url, in Node and in browsers. */
function base64url(text: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
