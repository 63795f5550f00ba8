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
  readonly epochs: readonly {
    readonly from: string;
    readonly weights: Readonly<Record<string, number>>;
  }[];
  readonly sampleRatio: Tested;
  readonly sequentialSampleRatio: Tested;
  readonly sampleRatioGroups: readonly {
    readonly dimension: string;
    readonly groups: readonly (Tested & { readonly group: string; readonly adjustedP: number })[];
  }[];
  readonly metrics: readonly MetricResult[];
  /** By metric: SQL over the lake that gives the moments the result was made of. */
  readonly queries: Readonly<Record<string, string>>;
  /** Of units whose every answer came from the assigned target; empty where all did. */
  readonly metricsAsServed: readonly MetricResult[];
  readonly serving: readonly ServingRow[];
  readonly fallbacks: number;
  readonly asServed: readonly AsServedRow[];
  readonly detail: Detail | null;
  readonly verdict: Verdict;
}

interface Tested {
  readonly ok: boolean;
  readonly p: number;
}

export interface Verdict {
  readonly decision: 'ship' | 'roll-back' | 'keep-running' | 'inconclusive' | 'untrusted';
  readonly variant: string | null;
  readonly sentence: string;
  readonly reasons: readonly string[];
}

export interface Effect {
  readonly estimate: number;
  readonly interval: readonly [number, number] | null;
}

export interface Comparison {
  readonly variant: string;
  readonly control: string;
  readonly absolute: Effect;
  readonly lift: Effect | null;
  readonly p: number;
  readonly adjustedP?: number;
  readonly significant: boolean;
}

/** What a metric is, as it was registered. */
interface MetricDefinition {
  readonly source: 'outcomes' | 'gateway';
  readonly event?: string;
  readonly value?: string;
  readonly kind: string;
  readonly description?: string;
  readonly quantile?: number;
  readonly covariate?: { readonly days: number };
}

export interface MetricResult {
  readonly key: string;
  readonly role: 'primary' | 'secondary' | 'guardrail';
  readonly kind: string;
  readonly direction: 'increase' | 'decrease';
  readonly definition?: MetricDefinition;
  readonly variants: readonly {
    readonly key: string;
    readonly n: number;
    readonly mean: number;
    readonly standardDeviation: number;
  }[];
  readonly comparisons: readonly Comparison[];
}

interface Detail {
  /** As it stood at the end of each day. */
  readonly series: readonly {
    readonly day: string;
    readonly units: number;
    readonly comparisons: readonly Comparison[];
  }[];
  readonly novelty: readonly {
    readonly variant: string;
    readonly days: readonly (Pick<Comparison, 'absolute' | 'lift'> & { readonly day: number })[];
    readonly trend: Pick<Comparison, 'absolute' | 'p' | 'significant'>;
  }[];
  readonly heterogeneity: readonly {
    readonly variant: string;
    readonly dimensions: readonly Dimension[];
  }[];
}

export interface Dimension {
  readonly dimension: string;
  readonly adjustedP: number;
  readonly segments: readonly {
    readonly segment: string;
    readonly n: number;
    readonly effect: { readonly estimate: number; readonly standardError: number };
  }[];
}

export interface ServingRow {
  readonly variant: string;
  readonly cloud: string | null;
  readonly exposures: number;
  readonly errors: number;
  readonly errorRate: number;
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  readonly fallbacks: number;
  /** By the prices that targets declare; null where none declares one. */
  readonly cost: { readonly total: number; readonly perAnswer: number } | null;
}

interface AsServedRow {
  readonly variant: string;
  readonly target: string | null;
  readonly model: string | null;
  readonly version: string | null;
  readonly cloud: string | null;
  readonly exposures: number;
}
