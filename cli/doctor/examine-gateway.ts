import type { GatewayConfig } from '../../gateway/config.ts';
import { openObjectStore } from '../../models/artifacts/open-object-store.ts';
import { type GatewayClient, type Json, RefusedError, UnreachableError } from '../gateway-client.ts';
import { clockFinding } from './clock-finding.ts';
import { type Finding, fine, reasonOf, unwise, wrong } from './finding.ts';

const TIMEOUT_MS = 3_000;

/** What a running gateway says of itself and of what it is configured to reach; each thing named that cannot be. */
export async function examineGateway(gateway: GatewayClient, config: GatewayConfig): Promise<Finding[]> {
  try {
    const { revision } = await gateway.ask('/readyz');
    const ready = fine('gateway', `${gateway.url} is ready at configuration revision ${String(revision)}`);
    return [ready, await examineClock(gateway), ...(await examineConfigured(gateway, config))];
  } catch (error) {
    if (error instanceof UnreachableError) {
      return [
        unwise('gateway', `nobody answers at ${gateway.url}`, 'start it (npm start), or name it by --url'),
      ];
    }
    return [
      wrong(
        'gateway',
        `${gateway.url} is not ready: ${reasonOf(error)}`,
        'read its log: it says what it waits for',
      ),
    ];
  }
}

/** By the `date` of an answer, which has whole seconds. */
async function examineClock({ url }: GatewayClient): Promise<Finding> {
  const response = await fetch(new URL('/livez', url), { signal: AbortSignal.timeout(TIMEOUT_MS) });
  await response.body?.cancel();
  const at = Date.parse(response.headers.get('date') ?? '');
  const aheadMs = Number.isNaN(at) ? 0 : at - Date.now();
  return clockFinding('gateway clock', aheadMs, 'agrees with the one here');
}

async function examineConfigured(gateway: GatewayClient, config: GatewayConfig): Promise<Finding[]> {
  try {
    const targets = await gateway.list('/admin/v1/targets');
    const models = await gateway.list('/admin/v1/models');
    const versions = await Promise.all(
      models.map(({ key }) => gateway.list(`/admin/v1/models/${encodeURIComponent(String(key))}/versions`)),
    );
    const looks = [
      ...targets.map((target) => examineTarget(target, config)),
      ...versions.flat().map((version) => examineArtifacts(version)),
    ];
    return [fine('key', 'opens the admin API'), ...(await Promise.all(looks)).flat()];
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return [
      wrong('key', reasonOf(error), 'set ADMIN_API_KEY (or SWITCHYARD_KEY) to a key of this installation'),
    ];
  }
}

async function examineTarget(target: Json, { targetSecrets }: GatewayConfig): Promise<Finding[]> {
  const what = `target ${String(target['key'])}`;
  const secret = target['apiKeyEnv'];
  if (typeof secret === 'string' && !targetSecrets.has(secret)) {
    return [
      wrong(what, `its token is read from ${secret}, which is not set`, `set ${secret} for the gateway`),
    ];
  }
  if (typeof target['url'] !== 'string') return [];
  const path = target['kind'] === 'oip' ? 'v2/health/ready' : '';
  const url = new URL(path, target['url'].endsWith('/') ? target['url'] : `${target['url']}/`);
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'manual' });
    await response.body?.cancel();
    return response.status < 500
      ? [fine(what, `${url.origin} answers`)]
      : [
          wrong(
            what,
            `${url.href} answers ${response.status}`,
            'look at the target: it is there and not ready',
          ),
        ];
  } catch (error) {
    return [
      wrong(
        what,
        `${url.origin} cannot be reached (${reasonOf(error)})`,
        'start the target, or correct its URL',
      ),
    ];
  }
}

async function examineArtifacts(version: Json): Promise<Finding[]> {
  const findings = await Promise.all(
    (version['artifacts'] as string[]).map((uri) => examineArtifact(uri, version)),
  );
  return findings.flat();
}

async function examineArtifact(uri: string, { sizeBytes }: Json): Promise<Finding[]> {
  const cut = uri.lastIndexOf('/');
  try {
    const info = await openObjectStore(uri.slice(0, cut)).info(uri.slice(cut + 1));
    if (info.sizeBytes === sizeBytes) return [fine('artifact', `${uri} is there`)];
    return [
      wrong(
        'artifact',
        `${uri} has ${info.sizeBytes} bytes, ${String(sizeBytes)} are registered`,
        'upload it again, as it was registered',
      ),
    ];
  } catch (error) {
    return [
      wrong(
        'artifact',
        `${uri}: ${reasonOf(error)}`,
        'upload it there, or give this machine leave to read it',
      ),
    ];
  }
}
