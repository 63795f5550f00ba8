import type { Request } from 'express';
import type { DecisionRequest } from '../../experiments/decide.ts';
import { keptExperimentSchema } from '../../experiments/kept-experiment.ts';
import { endpointSchema } from '../catalogue/endpoint.ts';
import { actorOf, checkIfMatch, isDryRun } from './admin-request.ts';
import type { ExperimentAdmin } from './experiment-actions.ts';
import { findOr404 } from './resource-routes.ts';

/**
 * Makes what a variant serves what everyone gets: its target becomes the endpoint's default, its parameters are
 * laid over the endpoint's. Does nothing for other decisions. The endpoint changes before the experiment ends, so
 * that whoever is in the variant never falls back to the old default; a call that died in between is repeated.
 */
export async function shipVariant(
  { writer }: ExperimentAdmin,
  request: Request<Record<string, string>>,
  { variant: shipped }: DecisionRequest,
): Promise<void> {
  if (shipped === undefined) return;
  const documents = await writer.documents();
  const document = findOr404(documents, 'experiments', request.params['key'] ?? '');
  checkIfMatch(request, document, { required: false });
  const { experiment, state, status } = keptExperimentSchema.parse(document.value);
  const variant = experiment.variants.find(({ key }) => key === shipped);
  const decidable = state === 'running' || state === 'paused' || state === 'stopped';
  // What is wrong with the decision itself is said by whoever takes it, next.
  if (variant === undefined || !decidable || status.decision !== undefined) return;
  await writer.change({
    kind: 'endpoints',
    key: experiment.endpoint,
    action: 'ship',
    actor: actorOf(request),
    dryRun: isDryRun(request),
    next: (current) => {
      const endpoint = endpointSchema.parse(current?.value);
      const parameters = { ...endpoint.parameters, ...variant.parameters };
      return {
        ...endpoint,
        ...(variant.target === undefined ? {} : { defaultTarget: variant.target }),
        ...(variant.parameters === undefined ? {} : { parameters }),
      };
    },
  });
}
