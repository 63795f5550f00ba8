import { askJson } from '../../api/client.ts';
import { ProblemError } from '../../api/problem.ts';
import type { TargetState } from '../../api/traffic.ts';

export const DEMO = {
  endpoint: 'movie-ranking',
  experiment: 'ranker-v2',
  tenant: 'odeon',
  event: 'top-film-rating',
} as const;

interface Samples {
  readonly model: string;
  readonly versions: readonly Readonly<Record<string, unknown> & { version: string }>[];
}

const READY_EVERY_MS = 250;
const READY_WITHIN_MS = 30_000;

/**
 * Registers the sample model as anybody registers a model: its versions, a target for each within the gateway, an
 * endpoint, a metric, a tenant with a key, and an experiment, which is started. What is there already stays. Answers
 * the tenant's key.
 */
export async function registerDemo(): Promise<string> {
  const { model, versions } = await askJson<Samples>('/admin/v1/samples');
  await register('models', {
    key: model,
    description: 'Orders films by the rating their audience will give them',
  });
  for (const version of versions) await register(`models/${model}/versions`, version);
  for (const { version } of versions)
    await register('targets', {
      key: `ranker-${version}`,
      kind: 'onnx',
      model,
      version,
      cloud: 'local',
      region: 'here',
    });
  await register('endpoints', { key: DEMO.endpoint, defaultTarget: 'ranker-v1', dimensions: ['platform'] });
  await register('metrics', {
    key: 'top-rating',
    name: 'Rating of the film ranked first',
    event: DEMO.event,
    kind: 'mean',
  });
  await register('tenants', { key: DEMO.tenant, name: 'Odeon', attributes: { plan: 'pro' } });
  await register('experiments', {
    key: DEMO.experiment,
    name: 'Rank films by all that is known of them',
    hypothesis: 'Trees on all features put better films first than a linear ranker on two of them',
    endpoint: DEMO.endpoint,
    unit: 'user',
    audience: { 'tenant.plan': { $in: ['pro', 'enterprise'] } },
    variants: [
      { key: 'control', weight: 5_000, target: 'ranker-v1' },
      { key: 'treatment', weight: 5_000, target: 'ranker-v2' },
    ],
    metrics: { primary: 'top-rating' },
  });
  for (const { version } of versions) await loaded(`ranker-${version}`);
  await unlessDone('wrong-state', () =>
    askJson(`/admin/v1/experiments/${DEMO.experiment}/start`, { method: 'POST' }),
  );
  const { secret } = await askJson<{ secret: string }>(`/admin/v1/tenants/${DEMO.tenant}/keys`, {
    method: 'POST',
    body: { name: 'demo' },
  });
  return secret;
}

function register(path: string, body: unknown): Promise<void> {
  return unlessDone('already-exists', () => askJson(`/admin/v1/${path}`, { method: 'POST', body }));
}

/** A step that was taken before is not taken again: the demo may be run a second time after it was cut short. */
async function unlessDone(code: string, step: () => Promise<unknown>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (!(error instanceof ProblemError && error.code === code)) throw error;
  }
}

/** A new model is run in a process of its own first; until then it answers nothing. */
async function loaded(target: string): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const { ready } = await askJson<TargetState>(`/admin/v1/targets/${target}/state`);
    if (ready === true) return;
    if (Date.now() > deadline)
      throw new Error(
        `${target} does not answer after ${READY_WITHIN_MS / 1_000} s: look at the gateway's log`,
      );
    await new Promise((resolve) => setTimeout(resolve, READY_EVERY_MS));
  }
}
