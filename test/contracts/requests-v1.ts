import { RESOURCE_KINDS } from '../../gateway/catalogue/resources.ts';
import type { RecordedRequest } from './contract.ts';

const admin = (
  name: string,
  method: string,
  path: string,
  rest: Omit<RecordedRequest, 'name' | 'as' | 'method' | 'path'> = {},
): RecordedRequest => ({ name, as: 'admin', method, path: `/admin/v1${path}`, ...rest });

/** What is registered on the way: one of each, so that everything can refer to something. */
const BODIES: Readonly<Record<string, unknown>> = {
  tenants: { key: 'acme', name: 'Acme', attributes: { plan: 'pro' } },
  models: { key: 'ranker', description: 'Ranks' },
  versions: {
    version: 'v1',
    sha256: 'a'.repeat(64),
    sizeBytes: 1,
    artifacts: ['s3://models/ranker/v1.onnx'],
  },
  targets: { key: 'pages', kind: 'http', cloud: 'local', region: 'here', url: 'http://127.0.0.1:1' },
  endpoints: { key: 'ranking', defaultTarget: 'pages', timeoutMs: 500 },
  layers: { key: 'shared', name: 'Shared' },
  segments: { key: 'testers', values: ['u1', 2] },
  metrics: { key: 'clicks', event: 'click', kind: 'proportion' },
  experiments: {
    key: 'contract',
    endpoint: 'ranking',
    unit: 'user',
    audience: { 'tenant.plan': 'pro' },
    layer: { key: 'shared', from: 0, to: 5_000 },
    variants: [
      { key: 'a', weight: 5_000, target: 'pages' },
      { key: 'b', weight: 5_000, target: 'pages' },
    ],
    metrics: { primary: 'clicks', guardrails: ['error-rate'] },
  },
  webhooks: { key: 'chat', url: 'https://hooks.example/switchyard', enabled: false },
};

function resource(kind: (typeof RESOURCE_KINDS)[number], body: unknown): RecordedRequest[] {
  const collection = 'parent' in kind ? `/models/ranker/${kind.name}` : `/${kind.name}`;
  const key = String((body as Record<string, unknown>)[kind.keyField]);
  const one = `${collection}/${key}`;
  return [
    admin(`create ${kind.singular}`, 'POST', collection, { body }),
    admin(`create ${kind.singular} again`, 'POST', collection, { body }),
    admin(`list ${kind.name}`, 'GET', `${collection}?limit=1`),
    admin(`get ${kind.singular}`, 'GET', one, { capture: { etag: 'header:etag' } }),
    ...('immutable' in kind
      ? []
      : [admin(`replace ${kind.singular}`, 'PUT', one, { body, headers: { 'if-match': '{{etag}}' } })]),
    admin(`delete ${kind.singular} of another revision`, 'DELETE', one, { headers: { 'if-match': '"0"' } }),
    admin(`delete ${kind.singular} of no revision`, 'DELETE', one),
  ];
}

const ORDER = [
  'tenants',
  'models',
  'versions',
  'targets',
  'endpoints',
  'layers',
  'segments',
  'metrics',
  'experiments',
  'webhooks',
];

/** An operator's client: every kind of resource, keys, the configuration as a file. */
export const REQUESTS_V1: readonly RecordedRequest[] = [
  { name: 'live', as: 'nobody', method: 'GET', path: '/livez' },
  { name: 'ready', as: 'nobody', method: 'GET', path: '/readyz' },
  { name: 'server metadata', as: 'nobody', method: 'GET', path: '/v2' },
  { name: 'no key', as: 'nobody', method: 'GET', path: '/admin/v1/tenants' },
  ...ORDER.flatMap((name) => {
    const kind = RESOURCE_KINDS.find((candidate) => candidate.name === name);
    return kind === undefined ? [] : resource(kind, BODIES[name]);
  }),
  admin('an invalid thing', 'POST', '/layers', { body: { key: 'Not A Key', colour: 'red' } }),
  admin('a thing that is not there', 'GET', '/layers/nothing'),
  admin('create once', 'POST', '/layers', {
    body: { key: 'once' },
    headers: { 'idempotency-key': 'contract' },
  }),
  admin('create once again', 'POST', '/layers', {
    body: { key: 'once' },
    headers: { 'idempotency-key': 'contract' },
  }),
  admin('make a key', 'POST', '/tenants/acme/keys', {
    body: { name: 'backend' },
    capture: { tenant: 'secret', id: 'id' },
  }),
  admin('list keys', 'GET', '/tenants/acme/keys'),
  admin('rotate a key', 'POST', '/tenants/acme/keys/{{id}}/rotate', {
    body: {},
    capture: { tenant: 'secret' },
  }),
  admin('make a service key', 'POST', '/service-keys', { body: { name: 'ci', roles: ['viewer'] } }),
  admin('list service keys', 'GET', '/service-keys'),
  admin('session', 'GET', '/session'),
  admin('export the configuration', 'GET', '/config'),
  admin('plan a configuration', 'PUT', '/config?dryRun=true', { body: { layers: [{ key: 'planned' }] } }),
  admin('audit', 'GET', '/audit?limit=1&kind=experiments'),
  {
    name: 'report outcomes',
    as: 'tenant',
    method: 'POST',
    path: '/v1/outcomes',
    body: { outcomes: [{ id: 'o1', event: 'click', unit: 'user', unitId: 'u1' }, { id: '' }] },
  },
  {
    name: 'an endpoint that is not there',
    as: 'tenant',
    method: 'POST',
    path: '/v2/models/nothing/infer',
    body: { inputs: [] },
  },
  { name: 'an endpoint that is ready', as: 'tenant', method: 'GET', path: '/v2/models/ranking/ready' },
  { name: 'a target that is away', as: 'tenant', method: 'GET', path: '/v1/proxy/ranking/page' },
];
