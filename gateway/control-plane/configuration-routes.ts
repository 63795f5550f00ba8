import type { Request } from 'express';
import { parse, stringify, YAMLParseError } from 'yaml';
import type { Json } from '../http/openapi-parts.ts';
import { headerParameter, jsonBody, queryParameter } from '../http/openapi-parts.ts';
import { ADMINS, READERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { actorOf, refuseStale } from './admin-request.ts';
import type { ConfigurationWriter } from './change-configuration.ts';
import {
  type ConfigurationFile,
  type ConfigurationPlan,
  exportConfiguration,
  planConfiguration,
} from './configuration-plan.ts';
import type { ResourceRules } from './resource-routes.ts';

const YAML = 'application/yaml';
const path = '/admin/v1/config';
const tag = 'configuration';
const EXAMPLE = {
  layers: [{ key: 'ranking' }],
  metrics: [{ key: 'top-rating', event: 'film-rated', kind: 'mean' }],
};
const PLAN = {
  applied: false,
  revision: 17,
  unchanged: 1,
  changes: [
    {
      action: 'replace',
      kind: 'metrics',
      key: 'top-rating',
      changes: [{ path: '/missing', before: 'zero', after: 'exclude' }],
    },
  ],
};

export interface ConfigurationRouteOptions {
  readonly writer: ConfigurationWriter;
  readonly rules: Readonly<Record<string, ResourceRules>>;
}

/** The whole configuration as one file, out and in. */
export function configurationRoutes(options: ConfigurationRouteOptions): Route[] {
  return [exportRoute(options), applyRoute(options)];
}

/** As JSON, or as YAML to whom asks for that. */
const fileContent: Json = {
  ...jsonBody({ type: 'object', additionalProperties: { type: 'array' } }, EXAMPLE),
  [YAML]: { schema: { type: 'string' }, example: stringify(EXAMPLE) },
};

function exportRoute({ writer }: ConfigurationRouteOptions): Route {
  return {
    method: 'get',
    path,
    access: READERS,
    id: 'exportConfiguration',
    tag,
    summary: 'Everything registered, as one file that brings it about again; keys are not in it',
    answers: {
      200: {
        description: 'The file, as JSON or YAML by the accept header',
        headers: { ETag: { description: 'Revision of the configuration', schema: { type: 'string' } } },
        content: fileContent,
      },
    },
    handle: async (request, response) => {
      const { revision, documents } = await writer.now();
      const file = exportConfiguration(documents);
      response.setHeader('etag', `"${revision}"`).setHeader('vary', 'accept');
      if (request.accepts(['application/json', YAML]) === YAML) response.type(YAML).send(stringify(file));
      else response.json(file);
    },
  };
}

function applyRoute({ writer, rules }: ConfigurationRouteOptions): Route {
  return {
    method: 'put',
    path,
    access: ADMINS,
    id: 'applyConfiguration',
    tag,
    summary: 'Make everything in the file as it says: all of it or none',
    parameters: [
      queryParameter('dryRun', 'true: only say what would change', { type: 'boolean', default: false }),
      queryParameter('prune', 'true: delete what the file does not have, of the kinds that it has', {
        type: 'boolean',
        default: false,
      }),
      headerParameter('If-Match', 'Revision that the plan was made at: apply that plan or nothing'),
    ],
    body: fileContent,
    answers: {
      200: {
        description: 'What has changed, or would change',
        headers: { ETag: { description: 'Revision of the configuration', schema: { type: 'string' } } },
        content: jsonBody({ type: 'object' }, PLAN),
      },
    },
    problems: [
      'invalid-request',
      'revision-mismatch',
      'body-too-large',
      'unsupported-media-type',
      'invalid-configuration',
      'write-contention',
    ],
    handle: async (request, response) => {
      const file = fileOf(request);
      const [dryRun, prune] = [flag(request, 'dryRun'), flag(request, 'prune')];
      if (!dryRun) await prepare(file, rules);
      let plan: ConfigurationPlan | null = null;
      const actor = actorOf(request);
      const { revision } = await writer.changeAll(actor, (now) => {
        refuseStale(request, now.revision);
        plan = planConfiguration(now, file, { prune, rules, actor });
        return dryRun ? [] : plan.changes;
      });
      const { planned = [], unchanged = 0 } = (plan ?? {}) as Partial<ConfigurationPlan>;
      if (!dryRun) await cleanUp(planned, rules);
      response
        .setHeader('etag', `"${revision}"`)
        .json({ applied: !dryRun, revision, unchanged, changes: planned });
    },
  };
}

/** What must exist before a thing does; made again for one that is there, it changes nothing. */
async function prepare(file: unknown, rules: ConfigurationRouteOptions['rules']): Promise<void> {
  for (const [kind, items] of Object.entries((file ?? {}) as ConfigurationFile)) {
    const { beforeCreate } = rules[kind] ?? {};
    if (beforeCreate === undefined || !Array.isArray(items)) continue;
    for (const { key } of items as { readonly key?: unknown }[])
      if (typeof key === 'string') await beforeCreate(key);
  }
}

async function cleanUp(
  planned: ConfigurationPlan['planned'],
  rules: ConfigurationRouteOptions['rules'],
): Promise<void> {
  for (const { action, kind, key } of planned) if (action === 'delete') await rules[kind]?.afterDelete?.(key);
}

/** The body: JSON is parsed already, YAML comes as text. */
function fileOf(request: Request): unknown {
  if (typeof request.body !== 'string') {
    if (request.body === undefined) {
      throw new Problem('unsupported-media-type', `send the file as application/json or ${YAML}`);
    }
    return request.body;
  }
  try {
    return parse(request.body);
  } catch (cause) {
    if (!(cause instanceof YAMLParseError || cause instanceof ReferenceError)) throw cause;
    throw new Problem('invalid-request', `the body is not YAML: ${cause.message}`, { cause });
  }
}

function flag(request: Request, name: string): boolean {
  const value = request.query[name] ?? 'false';
  if (value === 'true' || value === 'false') return value === 'true';
  throw new Problem('invalid-request', `${name} is ${JSON.stringify(value)}: it must be true or false`);
}
