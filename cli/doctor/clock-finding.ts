import { type Finding, fine, unwise } from './finding.ts';

/** Clocks further apart than this put audit entries and exposures into the wrong order. */
const MOST_SKEW_MS = 5_000;

/** Whether another machine's clock, ahead of this one by so much, agrees with it. */
export function clockFinding(what: string, aheadMs: number, otherwise: string): Finding {
  if (Math.abs(aheadMs) <= MOST_SKEW_MS) return fine(what, otherwise);
  const seconds = Math.round(Math.abs(aheadMs) / 1_000);
  const side = aheadMs > 0 ? 'ahead of' : 'behind';
  return unwise(what, `its clock is ${seconds} s ${side} the one here`, 'let NTP set both clocks');
}
