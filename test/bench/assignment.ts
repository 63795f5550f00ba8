import { GrowthBookClient } from '@growthbook/growthbook';
import { initialize, type Unleash } from 'unleash-client';
import { assign, type CompiledExperiment, compileExperiment } from '../../experiments/assignment.ts';
import { experimentSchema } from '../../experiments/experiment.ts';
import { type BenchResult, median } from './bench-result.ts';

const ROUNDS = 15;
/** Of one experiment for one visitor, however many experiments there are. */
const EVALUATIONS_PER_ROUND = 100_000;
const MAX_VISITORS = 50;
const COUNTRIES = ['DE', 'FR', 'GB', 'US', 'JP', 'BR', 'IN', 'NG'];
const PLANS = ['free', 'pro', 'enterprise'];

interface Audience {
  readonly countries: readonly string[];
  readonly plans: readonly string[];
  readonly minAge: number;
}

interface Visitor {
  readonly user: string;
  readonly country: string;
  readonly plan: string;
  readonly age: number;
}

/** Evaluates every experiment for a visitor; gives how many enrolled, so that the work can be compared. */
type Subject = (visitor: Visitor) => number;

/**
 * Running experiments with three-clause audiences of varying reach, two equal variants each, all of them
 * evaluated for up to 50 visitors in turn: once with `assign`, once with each peer's multi-user server client.
 * Every experiment is alone on its endpoint, so that none is skipped because another one has enrolled.
 */
export async function benchAssignment(running: number): Promise<BenchResult> {
  const audiences = Array.from({ length: running }, (_, index) => audienceOf(index));
  const people = Math.min(MAX_VISITORS, EVALUATIONS_PER_ROUND / running);
  const visitors = Array.from({ length: people }, (_, index) => visitorOf(index));
  const unleash = await unleashClient(audiences);
  try {
    const subjects = new Map<string, Subject>([
      ['Switchyard', switchyard(audiences)],
      ['GrowthBook SDK', growthBook(audiences)],
      ['Unleash SDK', enrolledByUnleash(unleash, running)],
    ]);
    assertSameWork(subjects, visitors);
    return report(running, measure(subjects, { visitors, running }));
  } finally {
    unleash.destroy();
  }
}

function measure(
  subjects: ReadonlyMap<string, Subject>,
  { visitors, running }: { readonly visitors: readonly Visitor[]; readonly running: number },
): Map<string, number[]> {
  const passes = Math.max(1, Math.round(EVALUATIONS_PER_ROUND / (visitors.length * running)));
  const samples = new Map([...subjects.keys()].map((name): [string, number[]] => [name, []]));
  for (let round = -2; round < ROUNDS; round++) {
    for (const [name, subject] of subjects) {
      const microseconds = timePerPass(subject, { visitors, passes }) / (visitors.length * running);
      // The first two rounds only let the compiler see the code.
      if (round >= 0) samples.get(name)?.push(microseconds);
    }
  }
  return samples;
}

/** In µs, of one pass over the visitors. */
function timePerPass(
  subject: Subject,
  { visitors, passes }: { readonly visitors: readonly Visitor[]; readonly passes: number },
): number {
  const start = process.hrtime.bigint();
  for (let pass = 0; pass < passes; pass++) {
    for (const visitor of visitors) subject(visitor);
  }
  return Number(process.hrtime.bigint() - start) / 1e3 / passes;
}

function report(running: number, samples: ReadonlyMap<string, number[]>): BenchResult {
  const rows = [...samples].map(([subject, values]) => ({ subject, median: median(values) }));
  const speedUp = (peer: string): number =>
    median(
      (samples.get(peer) ?? []).map((peerUs, round) => peerUs / (samples.get('Switchyard')?.[round] ?? 0)),
    );
  return {
    name: `assignment, ${running.toLocaleString('en')} running experiments with 3-clause audiences`,
    unit: 'µs/experiment',
    rows,
    ratios: [
      { label: 'GrowthBook SDK', value: speedUp('GrowthBook SDK'), budget: 5 },
      { label: 'Unleash SDK', value: speedUp('Unleash SDK'), budget: 1.5 },
    ],
  };
}

/** Audiences do not depend on a hash, so each subject must enrol exactly the same visitors. */
function assertSameWork(subjects: ReadonlyMap<string, Subject>, visitors: readonly Visitor[]): void {
  const counts = [...subjects].map(([name, subject]) => [name, visitors.map(subject).join()] as const);
  const [first] = counts;
  const odd = counts.find(([, enrolled]) => enrolled !== first?.[1]);
  if (odd !== undefined) throw new Error(`${odd[0]} enrols other visitors than ${first?.[0]}`);
}

function audienceOf(index: number): Audience {
  return {
    countries: COUNTRIES.filter((_, country) => (country + index) % 8 < 6),
    plans: PLANS.filter((_, plan) => (plan + index) % 3 < 2),
    minAge: 18 + (index % 20),
  };
}

function visitorOf(index: number): Visitor {
  return {
    user: `visitor-${index}`,
    country: COUNTRIES[index % COUNTRIES.length] ?? '',
    plan: PLANS[index % PLANS.length] ?? '',
    age: 18 + ((index * 7) % 50),
  };
}

function conditionOf({ countries, plans, minAge }: Audience): Record<string, object> {
  return { country: { $in: countries }, 'tenant.plan': { $in: plans }, age: { $gte: minAge } };
}

function contextOf({ user, country, plan, age }: Visitor): Record<string, unknown> {
  return { user, country, age, tenant: { key: 'acme', plan } };
}

function switchyard(audiences: readonly Audience[]): Subject {
  const endpoints = audiences.map((audience, index) => [compiledOf(audience, index)]);
  return (visitor) => {
    const context = contextOf(visitor);
    let enrolled = 0;
    for (const experiments of endpoints) {
      if (assign(experiments, context).kind === 'enrolled') enrolled += 1;
    }
    return enrolled;
  };
}

function compiledOf(audience: Audience, index: number): CompiledExperiment {
  const experiment = experimentSchema.parse({
    key: `experiment-${index}`,
    endpoint: `endpoint-${index}`,
    unit: 'user',
    audience: conditionOf(audience),
    variants: [
      { key: 'control', weight: 5_000, target: 'ranker-v1' },
      { key: 'treatment', weight: 5_000, target: 'ranker-v2' },
    ],
  });
  const result = compileExperiment({ experiment, state: 'running', revision: 1, segments: new Map() });
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.compiled;
}

function growthBook(audiences: readonly Audience[]): Subject {
  const features = Object.fromEntries(
    audiences.map((audience, index) => [
      `experiment-${index}`,
      {
        defaultValue: 'none',
        rules: [
          {
            key: `experiment-${index}`,
            condition: conditionOf(audience),
            hashAttribute: 'user',
            hashVersion: 2,
            variations: ['control', 'treatment'],
            weights: [0.5, 0.5],
            coverage: 1,
          },
        ],
      },
    ]),
  );
  const client = new GrowthBookClient().initSync({ payload: { features } });
  const keys = Object.keys(features);
  return (visitor) => {
    const user = { attributes: contextOf(visitor) };
    let enrolled = 0;
    for (const key of keys) if (client.evalFeature(key, user).source === 'experiment') enrolled += 1;
    return enrolled;
  };
}

/** Flags as the server's JSON has them; the SDK's types want an enum there that it does not export. */
type UnleashFlags = NonNullable<NonNullable<Parameters<typeof initialize>[0]['bootstrap']>['data']>;

async function unleashClient(audiences: readonly Audience[]): Promise<Unleash> {
  const client = initialize({
    appName: 'bench',
    // Never called: the flags come from the bootstrap, and polling and metrics are off.
    url: 'http://127.0.0.1:9/api/',
    refreshInterval: 0,
    disableMetrics: true,
    skipInstanceCountWarning: true,
    bootstrap: { data: audiences.map(unleashFlag) as UnleashFlags },
  });
  client.on('error', () => undefined);
  await new Promise((resolve) => client.once('ready', resolve));
  return client;
}

function unleashFlag({ countries, plans, minAge }: Audience, index: number) {
  const clause = { inverted: false, caseInsensitive: false };
  const variant = (name: string) => ({ name, weight: 500, stickiness: 'userId' });
  return {
    name: `experiment-${index}`,
    type: 'experiment',
    enabled: true,
    project: 'default',
    stale: false,
    impressionData: false,
    variants: [],
    strategies: [
      {
        name: 'flexibleRollout',
        parameters: { rollout: '100', stickiness: 'userId', groupId: `experiment-${index}` },
        constraints: [
          { ...clause, contextName: 'country', operator: 'IN', values: [...countries] },
          { ...clause, contextName: 'plan', operator: 'IN', values: [...plans] },
          { ...clause, contextName: 'age', operator: 'NUM_GTE', values: [], value: String(minAge) },
        ],
        variants: [variant('control'), variant('treatment')],
      },
    ],
  };
}

function enrolledByUnleash(client: Unleash, running: number): Subject {
  const flags = Array.from({ length: running }, (_, index) => `experiment-${index}`);
  return ({ user, country, plan, age }) => {
    const context = { userId: user, properties: { country, plan, age } };
    let enrolled = 0;
    for (const flag of flags) if (client.getVariant(flag, context).enabled) enrolled += 1;
    return enrolled;
  };
}
