import type { Request } from 'express';
import { Problem } from '../problems.ts';
import type { RegisteredExperiment } from '../snapshot/snapshot.ts';
import type { AnalysisRouteOptions } from './analysis-route-options.ts';
import { findOr404 } from './resource-routes.ts';

/** The experiment that a path names, as it is in force. Throws Problem `not-found`, `not-ready`. */
export async function registeredExperiment(
  request: Request<Record<string, string>>,
  { writer, source }: Pick<AnalysisRouteOptions, 'writer' | 'source'>,
): Promise<RegisteredExperiment> {
  const key = request.params['key'] ?? '';
  findOr404(await writer.documents(), 'experiments', key);
  const registered = source.current?.snapshot.experiments.get(key);
  if (registered === undefined)
    throw new Problem('not-ready', 'the configuration in force does not hold it yet');
  return registered;
}
