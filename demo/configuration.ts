import type { AdminClient } from './admin-client.ts';
import { type Cloud, MODEL, VERSIONS } from './clouds.ts';

export const RANKING_ENDPOINT = 'movie-ranking';
export const PAGES_ENDPOINT = 'film-pages';
export const RANKING_EXPERIMENT = 'ranker-v2';
export const PAGES_EXPERIMENT = 'film-page-design';
export const TOP_RATING = { key: 'top-rating', event: 'top-film-rating' };
export const BEST_IN_TOP_THREE = { key: 'best-in-top-three', event: 'best-film-in-top-three' };

export const TENANTS = [
  { key: 'odeon', name: 'Odeon', attributes: { plan: 'pro' } },
  { key: 'matinee', name: 'Matinee', attributes: { plan: 'free' } },
] as const;
export type TenantKey = (typeof TENANTS)[number]['key'];
export type ApiKeys = Readonly<Record<TenantKey, string>>;

/** Where a version of the ranker answers: `ranker-v2-gcp`. */
const rankerTarget = (version: string, cloud: string): string => `ranker-${version}-${cloud}`;

/** Registers everything through the admin API, in an order in which each thing only names earlier ones. */
export async function configure(
  admin: AdminClient,
  places: { readonly clouds: readonly Cloud[]; readonly pagesUrl: string },
): Promise<ApiKeys> {
  const keys: Partial<Record<TenantKey, string>> = {};
  for (const tenant of TENANTS) {
    await admin.create('tenants', tenant);
    const { secret } = await admin.create(`tenants/${tenant.key}/keys`, { name: 'demo' });
    keys[tenant.key] = String(secret);
  }
  for (const [path, body] of resources(places)) await admin.create(path, body);
  for (const experiment of EXPERIMENTS) {
    await admin.create('experiments', experiment);
    await admin.act(`experiments/${experiment.key}/start`);
  }
  return keys as ApiKeys;
}

function resources({
  clouds,
  pagesUrl,
}: {
  readonly clouds: readonly Cloud[];
  readonly pagesUrl: string;
}): (readonly [path: string, body: unknown])[] {
  return [
    ['models', { key: MODEL, description: 'Orders films by the rating their audience will give them' }],
    ...VERSIONS.map(
      ({ version, description, sha256, sizeBytes, artifact }) =>
        [
          `models/${MODEL}/versions`,
          {
            version,
            description,
            sha256,
            sizeBytes,
            artifacts: clouds.map(({ storeUri }) => `${storeUri}/${artifact}`),
          },
        ] as const,
    ),
    ...clouds.flatMap((cloud) =>
      VERSIONS.map(({ version }) => ['targets', runnerTarget(cloud, version)] as const),
    ),
    ...['plain', 'detailed'].map(
      (design) =>
        [
          'targets',
          {
            key: `pages-${design}`,
            kind: 'http',
            cloud: 'local',
            region: 'here',
            url: `${pagesUrl}/${design}`,
          },
        ] as const,
    ),
    ['endpoints', { key: RANKING_ENDPOINT, defaultTarget: rankerTarget('v1', 'aws'), timeoutMs: 5_000 }],
    ['endpoints', { key: PAGES_ENDPOINT, defaultTarget: 'pages-plain', timeoutMs: 5_000 }],
    ['metrics', { ...TOP_RATING, kind: 'mean', name: 'Rating of the film ranked first' }],
    [
      'metrics',
      { ...BEST_IN_TOP_THREE, kind: 'mean', name: 'Share of lists whose best film is in the top three' },
    ],
  ];
}

function runnerTarget(cloud: Cloud, version: string) {
  return {
    key: rankerTarget(version, cloud.name),
    kind: 'oip',
    model: MODEL,
    version,
    cloud: cloud.name,
    region: cloud.region,
    url: cloud.runner.listening.url,
    apiKeyEnv: cloud.runnerKeyName,
  };
}

const EXPERIMENTS = [
  {
    key: RANKING_EXPERIMENT,
    hypothesis: 'Trees on all features put better films first than a linear ranker on two of them',
    endpoint: RANKING_ENDPOINT,
    unit: 'user',
    audience: { 'tenant.plan': { $in: ['pro', 'enterprise'] }, crawler: { $ne: true } },
    allocation: 10_000,
    variants: [
      { key: 'control', weight: 5_000, target: rankerTarget('v1', 'aws') },
      { key: 'treatment', weight: 5_000, target: rankerTarget('v2', 'gcp') },
    ],
    metrics: {
      primary: TOP_RATING.key,
      secondary: [BEST_IN_TOP_THREE.key],
      guardrails: ['error-rate', 'latency'],
    },
  },
  {
    key: PAGES_EXPERIMENT,
    endpoint: PAGES_ENDPOINT,
    unit: 'user',
    allocation: 10_000,
    variants: [
      { key: 'plain', weight: 5_000, target: 'pages-plain' },
      { key: 'detailed', weight: 5_000, target: 'pages-detailed' },
    ],
  },
];
