import type { KeptExperiment } from '../../experiments/experiment-status.ts';
import type { Change, StoredDocument } from '../../experiments/store/configuration-store.ts';
import { endpointSchema } from '../catalogue/endpoint.ts';
import { findDocument } from './change-configuration.ts';

/**
 * What has to change with an experiment whose end was just decided, in the same commit: what the shipped variant serves
 * becomes what everyone gets. Its target is the endpoint's default then, its parameters are laid over the endpoint's.
 * Nothing for other decisions, and for what was decided before.
 */
export function shippingChanges(
  before: KeptExperiment,
  { experiment, status }: KeptExperiment,
  documents: readonly StoredDocument[],
): readonly Change[] {
  const shipped = before.status.decision === undefined ? status.decision?.variant : undefined;
  const variant = experiment.variants.find(({ key }) => key === shipped);
  const document = findDocument(documents, 'endpoints', experiment.endpoint);
  if (variant === undefined || document === null) return [];
  const { target, parameters } = variant;
  const endpoint = endpointSchema.parse(document.value);
  const value = {
    ...endpoint,
    ...(target === undefined ? {} : { defaultTarget: target }),
    ...(parameters === undefined ? {} : { parameters: { ...endpoint.parameters, ...parameters } }),
  };
  return [{ kind: 'endpoints', key: endpoint.key, action: 'ship', value }];
}
