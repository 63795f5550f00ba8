import type { AdminClient } from './test-gateway.ts';

/** An endpoint that nobody calls, for experiments that only carry parameters. */
export async function registerFlagEndpoint(
  client: AdminClient,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const target = { key: 'nowhere', kind: 'http', cloud: 'local', region: 'here', url: 'http://127.0.0.1:1' };
  await client.register('/targets', target);
  await client.register('/endpoints', { key: 'shop', defaultTarget: 'nowhere', ...fields });
}

/** A running experiment whose variants carry these parameters, in equal shares unless weights are given. */
export async function registerFlag(
  client: AdminClient,
  key: string,
  {
    values,
    weights = values.map(() => 10_000 / values.length),
    ...fields
  }: {
    readonly values: readonly Readonly<Record<string, unknown>>[];
    readonly weights?: readonly number[];
    readonly [field: string]: unknown;
  },
): Promise<void> {
  await client.register('/experiments', {
    key,
    endpoint: 'shop',
    unit: 'user',
    variants: values.map((parameters, index) => ({ key: `v${index}`, weight: weights[index], parameters })),
    ...fields,
  });
  await client.register(`/experiments/${key}/start`, {});
}
