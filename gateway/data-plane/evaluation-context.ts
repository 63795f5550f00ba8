import type { IncomingHttpHeaders } from 'node:http';
import type { EvaluationContext } from '../../experiments/assignment.ts';
import type { Tenant } from '../catalogue/tenant.ts';
import { Problem } from '../problems.ts';

/** What a request says of its unit, in either of the two ways: headers, or parameters of the body. */
export interface ContextSources {
  readonly headers: IncomingHttpHeaders;
  /** Parameters of the Open Inference Protocol: `unit_id` and `context.<name>`; they win over headers. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly tenant: Tenant;
  /** Kinds of unit that `x-switchyard-unit` and `unit_id` are shorthand for. */
  readonly units: readonly string[];
}

const PARAMETER_PREFIX = 'context.';

/** The attributes that audiences and units are read from. `tenant` is the stored one whatever the request says. */
export function evaluationContext({
  headers,
  parameters = {},
  tenant,
  units,
}: ContextSources): EvaluationContext {
  // Without a prototype, no name in a request means more than itself.
  const context: Record<string, unknown> = Object.assign(
    Object.create(null),
    headerContext(headers['x-switchyard-context']),
  );
  for (const [name, value] of Object.entries(parameters)) {
    if (name.startsWith(PARAMETER_PREFIX)) context[name.slice(PARAMETER_PREFIX.length)] = value;
  }
  const unitId = parameters['unit_id'] ?? headerText(headers['x-switchyard-unit'], 'x-switchyard-unit');
  if (unitId !== undefined) {
    for (const unit of units) context[unit] ??= unitId;
  }
  context['tenant'] = { ...tenant.attributes, key: tenant.key };
  return context;
}

function headerText(header: string | string[] | undefined, name: string): string | undefined {
  if (typeof header !== 'object') return header;
  throw new Problem('invalid-context', `${name} is given ${header.length} times: give it once`);
}

/** `x-switchyard-context`: base64url of a JSON object. */
function headerContext(header: string | string[] | undefined): Record<string, unknown> {
  const text = headerText(header, 'x-switchyard-context');
  if (text === undefined) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch (cause) {
    throw new Problem('invalid-context', 'x-switchyard-context must be the base64url of JSON', { cause });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Problem('invalid-context', 'x-switchyard-context must hold a JSON object of attributes');
  }
  return parsed as Record<string, unknown>;
}
