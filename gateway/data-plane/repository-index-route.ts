import type { RequestHandler } from 'express';
import { readBody } from '../http/read-body.ts';
import { contextOf } from '../http/request-context.ts';
import { Problem } from '../problems.ts';
import type { CompiledEndpoint } from '../snapshot/snapshot.ts';
import type { Targets } from '../targets/targets.ts';
import type { DataPlane } from './data-plane.ts';
import { endpointVersions } from './endpoint-versions.ts';

/** `{"ready": true}` is all that the protocol has to say here. */
const MAX_BODY_BYTES = 4_096;

/**
 * `POST /v2/repository/index`: the endpoints that this tenant may call, each version with its state; with
 * `{"ready": true}` those that are ready. Source: Triton, "Model Repository Extension".
 */
export function repositoryIndexRoute({ targets }: DataPlane): RequestHandler {
  return async (request, response) => {
    const { configuration, tenant } = contextOf(response);
    const onlyReady = wantsReady((await readBody(request, MAX_BODY_BYTES)).toString('utf8'));
    const callable = [...(configuration?.snapshot.endpoints.values() ?? [])].filter(
      ({ tenants, defaultTarget }) =>
        defaultTarget.target.kind !== 'http' && (tenants === null || tenants.has(tenant?.key ?? '')),
    );
    const entries = callable.flatMap((endpoint) => entriesOf(endpoint, targets));
    response.json(onlyReady ? entries.filter(({ state }) => state === 'READY') : entries);
  };
}

function entriesOf(endpoint: CompiledEndpoint, targets: Targets) {
  const versions = endpointVersions(endpoint);
  const places = versions.size > 0 ? [...versions] : [['', endpoint.defaultTarget] as const];
  return places.map(([version, { target, twins }]) => {
    const ready = [target, ...twins].some(({ key }) => !targets.breakers.isOpen(key));
    return {
      name: endpoint.endpoint.key,
      ...(version === '' ? {} : { version }),
      state: ready ? 'READY' : 'UNAVAILABLE',
      reason: ready ? '' : 'its targets fail and are left alone for a second',
    };
  });
}

function wantsReady(text: string): boolean {
  if (text === '') return false;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && 'ready' in parsed && parsed.ready === true;
  } catch (cause) {
    throw new Problem('invalid-request', 'the body is not JSON: send {} or {"ready": true}', { cause });
  }
}
