import type { RecordedRequest } from './contract.ts';

const admin = (
  name: string,
  method: string,
  path: string,
  rest: Omit<RecordedRequest, 'name' | 'as' | 'method' | 'path'> = {},
): RecordedRequest => ({ name, as: 'admin', method, path: `/admin/v1${path}`, ...rest });

const tenant = (
  name: string,
  path: string,
  body: unknown,
  headers?: Record<string, string>,
): RecordedRequest => ({
  name,
  as: 'tenant',
  method: 'POST',
  path,
  body,
  ...(headers === undefined ? {} : { headers }),
});

const COLOUR = {
  key: 'colour',
  hypothesis: 'Red is bought more',
  endpoint: 'shop',
  unit: 'user',
  audience: { $savedGroup: { id: 'germans' } },
  layer: { key: 'design', from: 0, to: 9_000 },
  overrides: [{ variant: 'red', units: ['tester'] }],
  variants: [
    { key: 'blue', weight: 5_000, parameters: { value: 'blue' } },
    { key: 'red', weight: 5_000, parameters: { value: 'red' } },
  ],
  metrics: { primary: 'clicks', guardrails: ['error-rate'] },
};
const CONTEXT = { context: { targetingKey: 'u1', country: 'DE' } };
const LINES = { headers: { 'content-type': 'application/x-ndjson' } };

/** What everything else refers to. */
const SURROUNDINGS: readonly RecordedRequest[] = [
  admin('create tenant', 'POST', '/tenants', { body: { key: 'acme', attributes: { plan: 'pro' } } }),
  admin('make a key', 'POST', '/tenants/acme/keys', {
    body: { name: 'backend' },
    capture: { tenant: 'secret' },
  }),
  admin('create target', 'POST', '/targets', {
    body: { key: 'pages', kind: 'http', cloud: 'local', region: 'here', url: 'http://127.0.0.1:1' },
  }),
  admin('create endpoint', 'POST', '/endpoints', {
    body: { key: 'shop', defaultTarget: 'pages', parameters: { value: 'grey' } },
  }),
  admin('create metric', 'POST', '/metrics', { body: { key: 'clicks', event: 'click', kind: 'proportion' } }),
  admin('create layer', 'POST', '/layers', { body: { key: 'design' } }),
  admin('create environment', 'POST', '/environments', {
    body: { key: 'staging', approvals: 1, reviewers: ['ada'] },
  }),
  admin('list environments', 'GET', '/environments'),
];

const SEGMENTS: readonly RecordedRequest[] = [
  admin('create a list to upload', 'POST', '/segments', { body: { key: 'vips', attribute: 'user' } }),
  admin('upload values', 'PUT', '/segments/vips/values', { body: 'u1', ...LINES }),
  admin('add values', 'POST', '/segments/vips/values', { body: ['u2', 3, true] }),
  admin('remove values', 'POST', '/segments/vips/values/removals', { body: ['u2'] }),
  admin('list values', 'GET', '/segments/vips/values'),
  admin('get an uploaded list', 'GET', '/segments/vips'),
  admin('create a condition', 'POST', '/segments', {
    body: {
      key: 'germans',
      condition: { country: 'DE', $not: { $savedGroup: { id: 'vips', attributeKey: 'id' } } },
    },
  }),
  admin('upload to a condition', 'PUT', '/segments/germans/values', { body: 'u1', ...LINES }),
  admin('delete a segment in use', 'DELETE', '/segments/vips', { headers: { 'if-match': '*' } }),
];

const EXPERIMENT: readonly RecordedRequest[] = [
  admin('try an experiment', 'POST', '/experiments?dryRun=true', { body: COLOUR }),
  admin('an experiment with several mistakes', 'POST', '/experiments', {
    body: {
      ...COLOUR,
      unit: '?',
      variants: [{ key: 'blue', weight: 1 }],
      audience: { country: { $inn: [] } },
    },
  }),
  admin('create experiment', 'POST', '/experiments', { body: COLOUR }),
  admin('comment', 'POST', '/experiments/colour/comments', { body: { text: 'Why red?' } }),
  admin('list comments', 'GET', '/experiments/colour/comments'),
  admin('submit', 'POST', '/experiments/colour/submit', { body: {} }),
  admin('withdraw', 'POST', '/experiments/colour/withdraw', { body: {} }),
  admin('start', 'POST', '/experiments/colour/start', { body: {}, capture: { revision: 'revision' } }),
  admin('start again', 'POST', '/experiments/colour/start', { body: {} }),
  admin('pause', 'POST', '/experiments/colour/pause', { body: {} }),
  admin('resume', 'POST', '/experiments/colour/resume', { body: {} }),
  admin('list running experiments', 'GET', '/experiments?state=running&limit=1'),
  admin('explain', 'POST', '/experiments/colour/explain', {
    body: { tenant: 'acme', context: { user: 'u1', country: 'FR' } },
  }),
  admin('list revisions', 'GET', '/experiments/colour/revisions?limit=2'),
  admin('get a revision', 'GET', '/experiments/colour/revisions/{{revision}}'),
  admin('restore a revision', 'POST', '/experiments/colour/restore', { body: { revision: 1 } }),
  admin('plan a change', 'POST', '/experiments/colour/changes', {
    body: { at: '2036-12-01T08:00:00Z', fields: { allocation: 5_000 } },
    capture: { change: 'status.changes.0.id' },
  }),
  admin('remove a planned change', 'DELETE', '/experiments/colour/changes/{{change}}'),
  admin('slots of a layer', 'GET', '/layers/design/slots'),
  admin('deal slots', 'POST', '/layers/design/deal', { body: { size: 1_000 } }),
  admin('create holdout', 'POST', '/holdouts', { body: { key: 'q4', unit: 'user', share: 100 } }),
  admin('get holdout', 'GET', '/holdouts/q4', { capture: { etag: 'header:etag' } }),
  admin('replace holdout', 'PUT', '/holdouts/q4', {
    body: { key: 'q4', unit: 'user', share: 200 },
    headers: { 'if-match': '{{etag}}' },
  }),
  admin('halt a variant', 'POST', '/halts', {
    body: { key: 'colour.red', experiment: 'colour', variant: 'red', reason: 'Complaints' },
  }),
  admin('list halts', 'GET', '/halts?experiment=colour'),
  admin('end a halt', 'DELETE', '/halts/colour.red', { headers: { 'if-match': '*' } }),
];

const FLAGS: readonly RecordedRequest[] = [
  tenant('evaluate a flag', '/ofrep/v1/evaluate/flags/colour', CONTEXT),
  tenant('evaluate a flag for an outsider', '/ofrep/v1/evaluate/flags/colour', {
    context: { targetingKey: 'u1' },
  }),
  tenant('evaluate a flag for nobody', '/ofrep/v1/evaluate/flags/colour', { context: {} }),
  tenant('evaluate a flag that is not there', '/ofrep/v1/evaluate/flags/nothing', CONTEXT),
  tenant('evaluate a flag without a context', '/ofrep/v1/evaluate/flags/colour', { context: 'none' }),
  {
    ...tenant('evaluate all flags', '/ofrep/v1/evaluate/flags', CONTEXT),
    capture: { etag: 'header:etag' },
  },
  tenant('evaluate all flags again', '/ofrep/v1/evaluate/flags', CONTEXT, { 'if-none-match': '{{etag}}' }),
  tenant('report exposures', '/v1/exposures', {
    exposures: [
      { id: 'e1', experiment: 'colour', variant: 'red', unitId: 'u1' },
      { id: 'e2', experiment: 'nothing', variant: 'red', unitId: 'u1' },
    ],
  }),
  tenant('report outcomes', '/v1/outcomes', {
    outcomes: [{ id: 'o1', event: 'click', unit: 'user', unitId: 'u1', value: 1 }],
  }),
];

const ENDS: readonly RecordedRequest[] = [
  admin('promote', 'POST', '/experiments/colour/promote', {
    body: { environment: 'staging', key: 'colour-staging' },
  }),
  admin('start without approval', 'POST', '/experiments/colour-staging/start', { body: {} }),
  admin('decide for nothing', 'POST', '/experiments/colour/decide', {
    body: { decision: 'ship', reason: 'why' },
  }),
  admin('decide', 'POST', '/experiments/colour/decide', {
    body: { decision: 'roll-back', reason: 'Nobody bought red' },
  }),
  tenant('evaluate a flag that is over', '/ofrep/v1/evaluate/flags/colour', CONTEXT),
  admin('archive', 'POST', '/experiments/colour/archive', { body: {} }),
  admin('import from GrowthBook', 'POST', '/import', {
    body: {
      format: 'growthbook',
      endpoint: 'shop',
      payload: {
        features: { hero: { rules: [{ variations: ['a', 'b'], hashVersion: 2, hashAttribute: 'user' }] } },
      },
    },
  }),
  admin('write features', 'POST', '/features/user', {
    body: { features: [{ key: 'u1', values: { age: 42 } }, { key: '' }] },
  }),
  admin('read features', 'GET', '/features/user/u1'),
  admin('create webhook', 'POST', '/webhooks', {
    body: { key: 'chat', url: 'https://hooks.example/switchyard', enabled: false },
  }),
  admin('make a webhook secret', 'POST', '/webhooks/chat/secret', { body: {} }),
  admin('list deliveries', 'GET', '/webhooks/chat/deliveries'),
  admin('status', 'GET', '/status'),
  admin('audit of the experiment', 'GET', '/audit?kind=experiments&key=colour&limit=2'),
];

/** A team's client: segments, an experiment from draft to decision, flags, exposures and what surrounds them. */
export const REQUESTS_V2: readonly RecordedRequest[] = [
  ...SURROUNDINGS,
  ...SEGMENTS,
  ...EXPERIMENT,
  ...FLAGS,
  ...ENDS,
];
