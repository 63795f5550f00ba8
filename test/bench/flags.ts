import { GrowthBookClient } from '@growthbook/growthbook';
import { NOTHING_KNOWN } from '../../experiments/check.ts';
import type { StoredDocument } from '../../experiments/store/configuration-store.ts';
import { evaluateFlag } from '../../gateway/data-plane/evaluate-flag.ts';
import { compileSnapshot } from '../../gateway/snapshot/compile-snapshot.ts';
import { type BenchResult, median } from './bench-result.ts';

const FLAGS = 1_000;
const ROUNDS = 25;
const WARM_UP_ROUNDS = 5;

type Subject = (user: string) => string;

/**
 * A bulk evaluation of 1,000 running flags, half of them with an audience of one clause, to the JSON that leaves:
 * beside the GrowthBook SDK, asked for the same 1,000 features one by one.
 */
export async function benchFlags(): Promise<BenchResult> {
  const subjects = new Map<string, Subject>([
    ['Switchyard', switchyard()],
    ['GrowthBook SDK', growthBook()],
  ]);
  const samples = new Map([...subjects.keys()].map((name): [string, number[]] => [name, []]));
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const [name, subject] of subjects) {
      const started = performance.now();
      const answer = subject(`user-${round}`);
      const ms = performance.now() - started;
      if (answer.length < FLAGS) throw new Error(`${name} answered next to nothing`);
      if (round >= 0) samples.get(name)?.push(ms);
    }
  }
  const rows = [...samples].map(([subject, values]) => ({ subject, median: median(values) }));
  const [own = 1, peer = 0] = rows.map(({ median }) => median);
  return {
    name: `bulk evaluation of ${FLAGS.toLocaleString('en')} flags`,
    unit: 'ms/evaluation of all',
    rows,
    ratios: [{ label: 'Switchyard to GrowthBook SDK', value: peer / own, budget: 2 }],
  };
}

const audienceOf = (index: number) => (index % 2 === 0 ? {} : { plan: { $in: ['pro', 'enterprise'] } });
const keyOf = (index: number) => `flag-${String(index).padStart(4, '0')}`;

function switchyard(): Subject {
  const document = (kind: string, key: string, value: Record<string, unknown>): StoredDocument => ({
    kind,
    key,
    revision: 1,
    createdAt: '',
    updatedAt: '',
    value: { key, ...value },
  });
  const compiled = compileSnapshot(1, [
    document('targets', 'nowhere', {
      kind: 'http',
      cloud: 'local',
      region: 'here',
      url: 'http://127.0.0.1:1',
    }),
    document('endpoints', 'shop', { defaultTarget: 'nowhere' }),
    ...Array.from({ length: FLAGS }, (_, index) =>
      document('experiments', keyOf(index), {
        endpoint: 'shop',
        unit: 'user',
        state: 'running',
        audience: audienceOf(index),
        variants: [
          { key: 'off', weight: 5_000, parameters: { value: false } },
          { key: 'on', weight: 5_000, parameters: { value: true } },
        ],
      }),
    ),
  ]);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.issues[0]));
  const flags = [...compiled.snapshot.flags.values()];
  return (user) => {
    const context = { user, plan: 'pro', tenant: { key: 'acme' } };
    return JSON.stringify({
      flags: flags.map((flag) => evaluateFlag(flag, context, NOTHING_KNOWN).evaluation),
    });
  };
}

function growthBook(): Subject {
  const features = Object.fromEntries(
    Array.from({ length: FLAGS }, (_, index) => [
      keyOf(index),
      {
        defaultValue: false,
        rules: [
          {
            key: keyOf(index),
            condition: audienceOf(index),
            variations: [false, true],
            weights: [0.5, 0.5],
            hashVersion: 2,
          },
        ],
      },
    ]),
  );
  const client = new GrowthBookClient().initSync({ payload: { features } });
  return (user) => {
    const attributes = { id: user, plan: 'pro' };
    return JSON.stringify(
      Array.from({ length: FLAGS }, (_, index) => client.evalFeature(keyOf(index), { attributes })),
    );
  };
}
