/** The parts of an experiment's results that the console shows, as `GET …/results` answers them. */
export interface Results {
  readonly experiment: string;
  readonly asOf: string;
  readonly exposures: {
    readonly total: number;
    readonly units: number;
    readonly excludedUnits: number;
    readonly earlierUnits: number;
    readonly byVariant: Readonly<Record<string, { readonly exposures: number; readonly units: number }>>;
  };
  readonly sampleRatio: { readonly ok: boolean; readonly p: number };
  readonly metrics: readonly MetricResult[];
  readonly serving: readonly ServingRow[];
  readonly fallbacks: number;
  readonly asServed: readonly AsServedRow[];
  readonly verdict: Verdict;
}

export interface Verdict {
  readonly decision: 'ship' | 'roll-back' | 'keep-running' | 'untrusted';
  readonly variant: string | null;
  readonly sentence: string;
  readonly reasons: readonly string[];
}

interface Effect {
  readonly estimate: number;
  readonly interval: readonly [number, number] | null;
}

export interface Comparison {
  readonly variant: string;
  readonly control: string;
  readonly absolute: Effect;
  readonly lift: Effect | null;
  readonly p: number;
  readonly significant: boolean;
}

export interface MetricResult {
  readonly key: string;
  readonly role: 'primary' | 'secondary' | 'guardrail';
  readonly kind: string;
  readonly direction: 'increase' | 'decrease';
  readonly variants: readonly {
    readonly key: string;
    readonly n: number;
    readonly mean: number;
    readonly standardDeviation: number;
  }[];
  readonly comparisons: readonly Comparison[];
}

interface ServingRow {
  readonly variant: string;
  readonly cloud: string | null;
  readonly exposures: number;
  readonly errors: number;
  readonly errorRate: number;
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  readonly fallbacks: number;
}

interface AsServedRow {
  readonly variant: string;
  readonly target: string | null;
  readonly model: string | null;
  readonly version: string | null;
  readonly cloud: string | null;
  readonly exposures: number;
}
