import type { Request, Response } from 'express';
import type { DecidingDeed } from '../../experiments/act.ts';
import type { Experiment } from '../../experiments/experiment.ts';
import type { KeptExperiment } from '../../experiments/experiment-status.ts';
import type { Issue } from '../../experiments/issue.ts';
import { keptExperimentSchema } from '../../experiments/kept-experiment.ts';
import type { StoredDocument } from '../../experiments/store/configuration-store.ts';
import { warningsOf } from '../../experiments/warnings.ts';
import { EXPERIMENTS } from '../catalogue/resources.ts';
import { type Json, ref } from '../http/openapi-parts.ts';
import { type Access, EXPERIMENTERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';
import { actorOf, checkIfMatch, etagOf, isDryRun, representation } from './admin-request.ts';
import { type ConfigurationNow, type ConfigurationWriter, findDocument } from './change-configuration.ts';
import { storedExample } from './resource-declarations.ts';
import { reviewPolicies } from './review-policies.ts';
import { answered, dryRun, ifMatch } from './route-parts.ts';
import { shippingChanges } from './ship-variant.ts';

export interface ExperimentAdmin {
  readonly writer: ConfigurationWriter;
  readonly source: SnapshotSource;
}

/** What an action makes of an experiment; throws a Problem to refuse. */
type Action = (kept: KeptExperiment, deed: DecidingDeed) => Record<string, unknown>;

export interface ActionRoute {
  readonly id: string;
  /** Below the experiment: `/start`. */
  readonly path: string;
  readonly summary: string;
  readonly method?: 'post' | 'delete';
  readonly access?: Access;
  readonly body?: Json;
  /** For the audit log. */
  readonly action: string;
  /** What is to be done, as the request says. May do what must come before it. */
  readonly prepare: (request: Request<Record<string, string>>) => Action | Promise<Action>;
  /** What else is to be said to somebody who only wants to know. */
  readonly outlook?: (experiment: Experiment) => Promise<readonly Issue[]>;
}

/** A route that changes one experiment, and answers with what it then is and what is unwise about it. */
export function actionRoute(admin: ExperimentAdmin, route: ActionRoute): Route {
  const {
    id,
    path,
    summary,
    method = 'post',
    access = EXPERIMENTERS,
    body,
    action,
    prepare,
    outlook,
  } = route;
  return {
    method,
    path: `/admin/v1/experiments/{key}${path}`,
    access,
    id,
    tag: 'experiments',
    summary,
    parameters: [ifMatch({ required: false }), dryRun],
    ...(body === undefined ? {} : { body }),
    answers: { 200: answered(ref('StoredExperiment'), storedExample(EXPERIMENTS)) },
    problems: [
      'invalid-request',
      'not-found',
      'wrong-state',
      'revision-mismatch',
      'invalid-configuration',
      'write-contention',
    ],
    handle: async (request, response) =>
      act(admin, { request, response }, { name: action, action: await prepare(request), outlook }),
  };
}

interface Exchange {
  readonly request: Request<Record<string, string>>;
  readonly response: Response;
}

interface Asked {
  readonly name: string;
  readonly action: Action;
  readonly outlook: ActionRoute['outlook'] | undefined;
}

async function act(
  { writer, source }: ExperimentAdmin,
  { request, response }: Exchange,
  { name, action, outlook }: Asked,
): Promise<void> {
  const key = request.params['key'] ?? '';
  const noSuch = () => new Problem('not-found', `there is no experiment "${key}"`);
  const actor = actorOf(request);
  let before: KeptExperiment | null = null;
  const decide = ({ documents }: ConfigurationNow) => {
    const current = findDocument(documents, EXPERIMENTS.name, key);
    if (current === null) throw noSuch();
    checkIfMatch(request, current, { required: false });
    const kept = keptExperimentSchema.parse(current.value);
    before = kept;
    const policies = reviewPolicies(documents, kept.experiment.environment);
    const value = action(kept, { by: actor.name, at: new Date().toISOString(), ...policies });
    const shipping = shippingChanges(kept, keptExperimentSchema.parse(value), documents);
    return [{ kind: EXPERIMENTS.name, key, action: name, value }, ...shipping];
  };
  const { documents } = await writer.changeAll(actor, decide, { dryRun: isDryRun(request) });
  const [document] = documents;
  if (document === undefined || document === null) throw noSuch();
  const { experiment } = keptExperimentSchema.parse(document.value);
  const warnings = [
    ...experimentWarnings(source, before, document),
    ...(isDryRun(request) ? ((await outlook?.(experiment)) ?? []) : []),
  ];
  response.setHeader('etag', etagOf(document)).json({ ...representation(document), warnings });
}

/** What is legal and unwise about an experiment as it was just written. */
export function experimentWarnings(
  source: SnapshotSource,
  before: KeptExperiment | null,
  after: StoredDocument,
): readonly Issue[] {
  const others = source.current?.snapshot.experiments.values() ?? [];
  return warningsOf(before, keptExperimentSchema.parse(after.value), others);
}
