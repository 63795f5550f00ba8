const PRIMARY = {
  variant: 'treatment',
  control: 'control',
  method: 'always-valid',
  alpha: 0.05,
  absolute: { estimate: 0.042, interval: [0.011, 0.073] },
  lift: { estimate: 0.135, interval: [0.033, 0.237] },
  p: 0.004,
  adjustedP: 0.004,
  significant: true,
  exact: {
    absolute: { estimate: 0.042, interval: [0.002, 0.081] },
    lift: { estimate: 0.135, interval: [0.006, 0.29] },
    p: 0.03,
  },
};

/** An experiment's results as the document of the API shows them. */
export const RESULTS_EXAMPLE = {
  experiment: 'ranker-v2',
  revision: 17,
  asOf: '2026-11-20T12:00:00.000Z',
  input: { fingerprint: '5e0f…', files: 96, filesRead: 2 },
  exposures: {
    total: 8_412,
    units: 7_410,
    excludedUnits: 0,
    earlierUnits: 0,
    byVariant: {
      control: { exposures: 4_190, units: 3_702 },
      treatment: { exposures: 4_222, units: 3_708 },
    },
  },
  tenants: ['acme'],
  sampleRatio: { chi2: 0.0049, df: 1, p: 0.94, ok: true },
  sequentialSampleRatio: { logEvidence: -1.9, p: 1, ok: true },
  sampleRatioGroups: [
    {
      dimension: 'day of first exposure',
      groups: [
        {
          group: '2026-11-19',
          units: 7_410,
          chi2: 0.0049,
          df: 1,
          p: 0.94,
          ok: true,
          sequentialP: 1,
          adjustedP: 0.94,
        },
      ],
    },
  ],
  epochs: [
    { fromRevision: 17, from: '2026-11-19T08:00:00.000Z', weights: { control: 5_000, treatment: 5_000 } },
  ],
  estimator: 'plain',
  moved: false,
  metrics: [
    {
      key: 'top-rating',
      role: 'primary',
      kind: 'proportion',
      direction: 'increase',
      variants: [
        { key: 'control', n: 3_702, mean: 0.311, standardDeviation: 0.463 },
        { key: 'treatment', n: 3_708, mean: 0.353, standardDeviation: 0.478 },
      ],
      comparisons: [PRIMARY],
      definition: { key: 'top-rating', event: 'rated', kind: 'proportion', threshold: 8 },
      varianceReduction: null,
      explanation: {
        measures:
          'Share of users with at least one "rated" of at least 8 since the first exposure. Higher is better.',
        estimate: "Mean over the variant's users, as assigned.",
        interval:
          'Asymptotic confidence sequence at 95 %, right at every look together (Waudby-Smith and others 2021).',
        correction: 'p corrected over the variants (Holm 1979): that none is called different by chance.',
        query: '#/queries/top-rating',
      },
    },
  ],
  queries: { 'top-rating': 'WITH exposure AS (…' },
  otherMethods: [],
  progress: {
    effect: 0.05,
    power: 0.8,
    units: 7_410,
    unitsNeeded: 31_400,
    unitsPerDay: 6_100,
    daysLeft: 4,
  },
  bayesian: null,
  policy: null,
  metricsAsServed: [],
  serving: [
    {
      variant: 'control',
      cloud: 'aws',
      exposures: 4_190,
      errors: 4,
      errorRate: 0.00095,
      latencyMs: { p50: 11, p95: 24, p99: 41 },
      fallbacks: 0,
      cost: null,
    },
  ],
  fallbacks: 0,
  asServed: [
    {
      variant: 'control',
      target: 'ranker-v1-aws',
      model: 'ranker',
      version: 'v1',
      cloud: 'aws',
      exposures: 4_190,
    },
  ],
  attribution: [],
  detail: {
    series: [{ day: '2026-11-19', units: 7_410, comparisons: [PRIMARY] }],
    novelty: [],
    heterogeneity: [],
  },
  verdict: {
    decision: 'ship',
    variant: 'treatment',
    sentence:
      'Ship treatment: top-rating is 13.5% higher in treatment than in control (always-valid interval 3.3% to 23.7%), and no guardrail is breached.',
    reasons: [
      'top-rating is 13.5% higher in treatment than in control (always-valid interval 3.3% to 23.7%).',
    ],
  },
};
