import { randomUUIDv7 } from 'node:crypto';
import { acted, approved } from '../../experiments/act.ts';
import { decided } from '../../experiments/decide.ts';
import { decisionSchema } from '../../experiments/decision.ts';
import { storedExperiment } from '../../experiments/kept-experiment.ts';
import { LIFECYCLE_ACTIONS, type LifecycleAction } from '../../experiments/lifecycle.ts';
import {
  changeApproved,
  planned,
  plannedChangeRequestSchema,
  unplanned,
} from '../../experiments/planned-change.ts';
import { jsonBody, schemaOf } from '../http/openapi-parts.ts';
import { REVIEWERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { parsedBody } from './admin-request.ts';
import { actionRoute, type ExperimentAdmin } from './experiment-actions.ts';
import { storedOrRefused } from './experiment-rules.ts';
import { type OutlookOptions, outlookWarnings } from './outlook-warnings.ts';

const SUMMARIES: Readonly<Record<LifecycleAction, string>> = {
  submit: 'Ask others to review a draft',
  withdraw: 'Take it back from review to write on',
  start: 'Start it, when enough others have approved',
  pause: 'Stop enrolling at once, on every gateway: the kill switch',
  resume: 'Let a paused one go on',
  stop: 'End it for good',
  archive: 'Put a stopped one away',
};

/** What is done with an experiment beside writing it: its lifecycle, review, decision and planned changes. */
export function experimentRoutes(admin: ExperimentAdmin & OutlookOptions): Route[] {
  return [
    ...LIFECYCLE_ACTIONS.map((action) => lifecycleRoute(admin, action)),
    approveRoute(admin),
    decideRoute(admin),
    planRoute(admin),
    approveChangeRoute(admin),
    removeChangeRoute(admin),
  ];
}

/** Before others are asked to look at it, or units to take part, it matters whether that can come to anything. */
const BEGINNINGS: readonly LifecycleAction[] = ['submit', 'start'];

function lifecycleRoute(admin: ExperimentAdmin & OutlookOptions, action: LifecycleAction): Route {
  return actionRoute(admin, {
    id: `${action}Experiment`,
    path: `/${action}`,
    summary: SUMMARIES[action],
    action,
    prepare: () => (kept, deed) => storedOrRefused(acted(kept, action, deed)),
    ...(BEGINNINGS.includes(action) ? { outlook: (experiment) => outlookWarnings(experiment, admin) } : {}),
  });
}

function approveRoute(admin: ExperimentAdmin): Route {
  return actionRoute(admin, {
    id: 'approveExperiment',
    path: '/approve',
    summary: 'Find an experiment in review good',
    access: REVIEWERS,
    action: 'approve',
    prepare: () => (kept, deed) => storedOrRefused(approved(kept, deed)),
  });
}

function decideRoute(admin: ExperimentAdmin): Route {
  const example = {
    decision: 'ship',
    variant: 'treatment',
    reason: '+4 % top ratings, no guardrail breached',
  };
  return actionRoute(admin, {
    id: 'decideExperiment',
    path: '/decide',
    summary: 'End it with a decision: ship a variant to everyone, roll back, or inconclusive',
    body: jsonBody(schemaOf(decisionSchema), example),
    action: 'decide',
    prepare: (request) => {
      const decision = parsedBody(decisionSchema, request.body);
      return (kept, deed) => storedOrRefused(decided(kept, decision, deed));
    },
  });
}

function planRoute(admin: ExperimentAdmin): Route {
  const example = { at: '2026-12-01T08:00:00Z', fields: { allocation: 5_000 } };
  return actionRoute(admin, {
    id: 'planChange',
    path: '/changes',
    summary: 'Plan a change, or the decision, for a time or for when it is approved',
    body: jsonBody(schemaOf(plannedChangeRequestSchema), example),
    action: 'plan-change',
    prepare: (request) => {
      const { at = null, ...change } = parsedBody(plannedChangeRequestSchema, request.body);
      const id = randomUUIDv7();
      return (kept, deed) => {
        const result = planned(kept, { id, at, ...change }, deed);
        if (result.ok) return storedExperiment(result.kept);
        const detail = 'the change could not be made as things stand';
        throw new Problem('wrong-state', detail, { issues: result.issues });
      };
    },
  });
}

function approveChangeRoute(admin: ExperimentAdmin): Route {
  return actionRoute(admin, {
    id: 'approveChange',
    path: '/changes/{id}/approve',
    summary: 'Find a planned change good',
    access: REVIEWERS,
    action: 'approve-change',
    prepare: (request) => (kept, deed) =>
      storedOrRefused(changeApproved(kept, request.params['id'] ?? '', deed)),
  });
}

function removeChangeRoute(admin: ExperimentAdmin): Route {
  return actionRoute(admin, {
    id: 'removeChange',
    path: '/changes/{id}',
    method: 'delete',
    summary: 'Remove a planned change',
    action: 'remove-change',
    prepare: (request) => (kept) => storedExperiment(unplanned(kept, request.params['id'] ?? '')),
  });
}
