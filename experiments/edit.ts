import { isDeepStrictEqual } from 'node:util';
import type { Experiment } from './experiment.ts';
import type { KeptExperiment } from './experiment-status.ts';
import { reweigh } from './reweigh.ts';
import { joined } from './slots.ts';
import type { Variant } from './variant.ts';

/**
 * An experiment after an edit that its state allows (see editIssues). What was approved is not what is there
 * now, so approvals are void. While units are assigned, new weights move only whom they must.
 */
export function edited(before: KeptExperiment, written: Experiment, by: string): KeptExperiment {
  const { experiment, state, status } = before;
  const fresh = { ...status, author: by, approvals: [] };
  if (state !== 'running' && state !== 'paused') return { experiment: written, state, status: fresh };
  if (written.bucketVersion !== experiment.bucketVersion) {
    const variants = written.variants.map(({ slots: _drawnAnew, ...variant }) => variant);
    const anew = { ...fresh, moved: [], peakAllocation: written.allocation };
    return { experiment: { ...written, variants }, state, status: anew };
  }
  const { variants, moved } = reweighed(experiment.variants, written.variants);
  return {
    experiment: { ...written, variants: [...variants] },
    state,
    status: {
      ...fresh,
      moved: joined([...status.moved, ...moved]),
      peakAllocation: Math.max(status.peakAllocation, written.allocation),
    },
  };
}

/** Slots follow weights, unless whoever edits has dealt them by hand. */
function reweighed(before: readonly Variant[], after: readonly Variant[]) {
  const sameWeights = before.every(({ weight }, index) => weight === after[index]?.weight);
  const dealtByHand = after.some(
    ({ slots }, index) => slots !== undefined && !isDeepStrictEqual(slots, before[index]?.slots),
  );
  if (dealtByHand) return { variants: after, moved: [{ from: 0, to: 10_000 }] };
  if (sameWeights) {
    const variants = after.map((variant, index) => {
      const slots = before[index]?.slots;
      return slots === undefined ? variant : { ...variant, slots };
    });
    return { variants, moved: [] };
  }
  return reweigh(before, after);
}
