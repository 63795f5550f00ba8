import type { ServerResponse } from 'node:http';
import type { Assignment } from '../../experiments/assignment.ts';
import type { Target } from '../../models/catalogue/target.ts';
import type { Endpoint } from '../catalogue/endpoint.ts';

export interface Answered {
  readonly endpoint: Endpoint;
  readonly assignment: Assignment;
  readonly assigned: Target;
  readonly served: Target;
}

/** Hands parameters to the caller: `x-switchyard-parameters`, base64url of a JSON object; null: there are none. */
export function setParameters(
  response: ServerResponse,
  parameters: Readonly<Record<string, unknown>> | null,
): void {
  if (parameters === null) return;
  const text = Buffer.from(JSON.stringify(parameters)).toString('base64url');
  response.setHeader('x-switchyard-parameters', text);
}

/** Says on the answer who was assigned what and who answered; a blinded endpoint says nothing. */
export function setAnswerHeaders(
  response: ServerResponse,
  { endpoint, assignment, assigned, served }: Answered,
): void {
  if (endpoint.blinded) return;
  if (assignment.kind === 'enrolled') {
    response.setHeader('x-switchyard-experiment', assignment.experiment);
    response.setHeader('x-switchyard-variant', assignment.variant.key);
    if (assignment.reason === 'override') response.setHeader('x-switchyard-overridden', 'true');
  }
  response.setHeader('x-switchyard-target', served.key);
  if (served.model !== undefined) {
    response.setHeader(
      'x-switchyard-model',
      served.version === undefined ? served.model : `${served.model}/${served.version}`,
    );
  }
  if (served.key !== assigned.key) response.setHeader('x-switchyard-fallback', 'true');
}
