import { choosesTarget, type Experiment, type ExperimentState, type LayerSlots } from './experiment.ts';
import type { Issue } from './issue.ts';
import { freeRanges, overlap, shownRange } from './slots.ts';

interface Entry {
  readonly experiment: Experiment;
  readonly state: ExperimentState;
}

/** A running or paused experiment, and where it stands in the list that was given. */
interface Live {
  readonly experiment: Experiment;
  readonly index: number;
}

interface Slotted extends Live {
  readonly slots: LayerSlots;
}

/** Of one endpoint or layer: nobody reads more, and two thousand experiments make two million pairs. */
const MAX_NAMED = 100;

/**
 * Why a request could fall into two experiments at once. Running and paused experiments that choose a target for
 * one endpoint must share one layer; those of one layer, whatever their endpoints, must own disjoint slots of it
 * and randomise the same unit: one request carries a user and a session, which fall into slots independent of
 * each other. Experiments of different environments never meet; those without a layer that only carry parameters
 * may overlap.
 * Of two experiments in conflict the later in the list is at fault; paths point into the list (`/1/layer`).
 */
export function exclusivityIssues(experiments: readonly Entry[]): Issue[] {
  const live = experiments.flatMap(({ experiment, state }, index) =>
    state === 'running' || state === 'paused' ? [{ experiment, index }] : [],
  );
  return [...endpointIssues(live), ...layerIssues(live)];
}

function endpointIssues(live: readonly Live[]): Issue[] {
  const choosing = live.filter(({ experiment }) => choosesTarget(experiment));
  return groupsOf(choosing, ({ experiment }) => `${experiment.environment}/${experiment.endpoint}`).flatMap(
    (group) => {
      const [first] = group;
      if (group.length === 1 || group.every((one) => shareLayer(first, one))) return [];
      const apart = pairsOf(group).filter(([earlier, later]) => !shareLayer(earlier, later));
      return [...apart.take(MAX_NAMED)].map(([earlier, later]) => ({
        path: `/${later.index}/layer`,
        code: 'no-shared-layer',
        message: `${both(earlier, later)} run on endpoint "${later.experiment.endpoint}" without a layer in common (${layerName(earlier)}; ${layerName(later)}): give both disjoint slots of one layer, or stop one`,
      }));
    },
  );
}

function shareLayer(earlier: Live, later: Live): boolean {
  return later.experiment.layer !== undefined && earlier.experiment.layer?.key === later.experiment.layer.key;
}

function layerIssues(live: readonly Live[]): Issue[] {
  const slotted = live.flatMap((entry) =>
    entry.experiment.layer === undefined ? [] : [{ ...entry, slots: entry.experiment.layer }],
  );
  return groupsOf(slotted, ({ slots, experiment }) => `${experiment.environment}/${slots.key}`).flatMap(
    (group) => {
      const [first] = group;
      const isOfOneUnit = group.every(({ experiment }) => experiment.unit === first.experiment.unit);
      if (isOfOneUnit && !overlap(group.map(({ slots }) => slots))) return [];
      const issues = pairsOf(group).flatMap(([earlier, later]) => [
        ...unitIssues(earlier, later),
        ...overlapIssues(earlier, later, group),
      ]);
      return [...issues.take(MAX_NAMED)];
    },
  );
}

function unitIssues(earlier: Slotted, later: Slotted): Issue[] {
  if (earlier.experiment.unit === later.experiment.unit) return [];
  return [
    {
      path: `/${later.index}/unit`,
      code: 'layer-unit',
      message: `${both(earlier, later)} share layer "${later.slots.key}" but randomise "${earlier.experiment.unit}" and "${later.experiment.unit}", whose slots are independent, so one request could fall into both: use one unit in the layer`,
    },
  ];
}

function overlapIssues(earlier: Slotted, later: Slotted, group: readonly Slotted[]): Issue[] {
  const from = Math.max(earlier.slots.from, later.slots.from);
  const to = Math.min(earlier.slots.to, later.slots.to);
  if (from >= to) return [];
  const taken = group.filter(({ index }) => index !== later.index).map(({ slots }) => slots);
  const free = freeRanges(taken).map(shownRange).join(', ');
  const advice = free === '' ? 'no slots are free: shrink or stop one' : `free are ${free}`;
  return [
    {
      path: `/${later.index}/layer`,
      code: 'layer-overlap',
      message: `${both(earlier, later)} both own slots ${shownRange({ from, to })} of layer "${later.slots.key}": ${advice}`,
    },
  ];
}

/** Items by what they have in common. */
function groupsOf<T>(items: readonly T[], groupOf: (item: T) => string): [T, ...T[]][] {
  // A group is there because something is in it.
  return [...Map.groupBy(items, groupOf).values()] as [T, ...T[]][];
}

/** Every two items, the earlier first. */
function* pairsOf<T>(items: readonly T[]): Generator<readonly [T, T]> {
  for (const [index, later] of items.entries()) {
    for (const earlier of items.slice(0, index)) yield [earlier, later];
  }
}

function both(earlier: Live, later: Live): string {
  return `"${earlier.experiment.key}" and "${later.experiment.key}"`;
}

function layerName({ experiment }: Live): string {
  const name = experiment.layer === undefined ? 'no layer' : `layer "${experiment.layer.key}"`;
  return `"${experiment.key}": ${name}`;
}
