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
