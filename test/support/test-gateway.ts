import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../gateway/config.ts';
import { type Gateway, startGateway } from '../../gateway/start-gateway.ts';
import { createLogger } from '../../gateway/telemetry/logger.ts';

export const ADMIN_KEY = 'test-admin-key-0123456789';

/** Speaks to the admin API as an operator does. */
export interface AdminClient {
  /** A call of the admin API; answers status, headers and parsed body. */
  admin(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
  /** Registers, and fails loudly when that is refused. */
  register(path: string, body: unknown): Promise<ApiAnswer>;
  /** Makes a tenant with a key. */
  tenant(
    key: string,
    attributes?: Record<string, unknown>,
  ): Promise<{ readonly secret: string; readonly keyId: string }>;
}

export interface TestGateway extends AdminClient {
  readonly url: string;
  readonly metricsUrl: string;
  readonly dataDir: string;
  stop(options?: { readonly keepData?: boolean }): Promise<void>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever JSON the API answers
  readonly body: any;
}

/** The whole gateway in this process, on free loopback ports, on a directory of its own. */
export async function startTestGateway(
  environment: Readonly<Record<string, string>> = {},
  dataDir?: string,
): Promise<TestGateway> {
  const directory = dataDir ?? (await mkdtemp(join(tmpdir(), 'switchyard-')));
  const read = readConfig({
    PORT: '0',
    METRICS_PORT: '0',
    DRAIN_NOTICE_MS: '0',
    DATA_DIR: directory,
    ADMIN_API_KEY: ADMIN_KEY,
    LOG_LEVEL: 'silent',
    ...environment,
  });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  const gateway: Gateway = await startGateway(read.config, createLogger(read.config.logLevel));
  return {
    url: gateway.url,
    metricsUrl: gateway.metricsUrl,
    dataDir: directory,
    ...adminClient(gateway.url),
    stop: async ({ keepData = false } = {}) => {
      await gateway.stop();
      if (!keepData) await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A client of the admin API at a gateway's URL, with the tests' admin key unless another is given. */
export function adminClient(url: string, key: string = ADMIN_KEY): AdminClient {
  const admin: AdminClient['admin'] = (method, path, body, headers = {}) =>
    call(`${url}/admin/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const register: AdminClient['register'] = async (path, body) => {
    const answer = await admin('POST', path, body);
    if (answer.status >= 300)
      throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer;
  };
  return {
    admin,
    register,
    tenant: async (tenant, attributes = {}) => {
      await register('/tenants', { key: tenant, attributes });
      const { body } = await register(`/tenants/${tenant}/keys`, { name: 'test' });
      return { secret: body.secret, keyId: body.id };
    },
  };
}

/** One HTTP exchange; the body is parsed where it is JSON, and left where it is a stream of events without an end. */
export async function call(url: string, init?: RequestInit): Promise<ApiAnswer> {
  const response = await fetch(url, init);
  if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) {
    await response.body?.cancel();
    return { status: response.status, headers: response.headers, body: '' };
  }
  const text = await response.text();
  const isJson =
    text !== '' && /json(;|$)/.test((response.headers.get('content-type') ?? '').replace('x-ndjson', ''));
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}
