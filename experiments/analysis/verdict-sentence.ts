import type { ExperimentState } from '../experiment.ts';
import type { ExperimentStatus } from '../experiment-status.ts';

type TakenDecision = NonNullable<ExperimentStatus['decision']>;

/** What the numbers are of: that decides what there is left to do about them. */
export type Standing =
  | { readonly of: 'holdout' }
  | {
      readonly of: 'experiment';
      readonly state: ExperimentState;
      /** What was made of it; undefined while nobody has said. */
      readonly decision?: TakenDecision | undefined;
    };

/** What the numbers say, whatever is or was done about it. */
export type Finding =
  | { readonly says: 'ship'; readonly variant: string; readonly because: string }
  | { readonly says: 'roll-back'; readonly control: string; readonly because: string }
  /** Not yet; `measured` is false where it never could: no metric, nothing to compare. */
  | { readonly says: 'nothing'; readonly measured: boolean; readonly because: string }
  | { readonly says: 'untrusted'; readonly because: string };

/** The finding for a person who reads nothing else, and what is to be done, as things stand. */
export function verdictSentence(finding: Finding, standing: Standing): string {
  if (standing.of === 'holdout') return holdoutSentence(finding);
  const { state, decision } = standing;
  if (decision !== undefined) return `${takenText(decision)} ${judgedText(finding, decision)}`;
  switch (state) {
    case 'draft':
    case 'in-review':
      return finding.says === 'nothing'
        ? 'It has not started: there is nothing to judge yet.'
        : runningSentence(finding);
    case 'paused':
      return finding.says === 'nothing' && finding.measured
        ? `Paused before the data could say: ${finding.because} Resume it to learn more, or stop it.`
        : runningSentence(finding);
    case 'running':
      return runningSentence(finding);
    case 'stopped':
    case 'archived':
      return stoppedSentence(finding);
  }
}

function runningSentence(finding: Finding): string {
  switch (finding.says) {
    case 'ship':
      return `Ship ${finding.variant}: ${finding.because}`;
    case 'roll-back':
      return `Roll back: ${lowerFirst(finding.because)}`;
    case 'nothing':
      return finding.measured ? `Keep running: ${finding.because}` : finding.because;
    case 'untrusted':
      return `The result cannot be trusted: ${lowerFirst(finding.because)}`;
  }
}

function stoppedSentence(finding: Finding): string {
  const open = 'The decision is still to be taken.';
  switch (finding.says) {
    case 'ship':
      return `It has stopped, and the data say to ship ${finding.variant}: ${finding.because} ${open}`;
    case 'roll-back':
      return `It has stopped, and the data say to roll back: ${lowerFirst(finding.because)} ${open}`;
    case 'nothing':
      return finding.measured
        ? `It has stopped before the data could say: ${finding.because} Decide without them, or run it anew for longer.`
        : 'It has stopped, and there is nothing to judge it by.';
    case 'untrusted':
      return `It has stopped, and its result cannot be trusted: ${lowerFirst(finding.because)} Find the cause before it is run anew.`;
  }
}

function takenText({ kind, variant, at }: TakenDecision): string {
  const day = at.slice(0, 10);
  switch (kind) {
    case 'ship':
      return `${variant ?? 'A variant'} was shipped on ${day}.`;
    case 'roll-back':
      return `It was rolled back on ${day}.`;
    case 'inconclusive':
      return `It was ended as inconclusive on ${day}.`;
  }
}

/** What the data say of a decision that was taken. */
function judgedText(finding: Finding, decision: TakenDecision): string {
  switch (finding.says) {
    case 'ship':
      return decision.kind === 'ship' && decision.variant === finding.variant
        ? `The data agree: ${finding.because}`
        : `The data say otherwise, to ship ${finding.variant}: ${finding.because}`;
    case 'roll-back':
      return decision.kind === 'roll-back' || decision.variant === finding.control
        ? `The data agree: ${lowerFirst(finding.because)}`
        : `The data say otherwise, to roll back: ${lowerFirst(finding.because)}`;
    case 'nothing':
      return `The data could not say: ${lowerFirst(finding.because)}`;
    case 'untrusted':
      return `The data cannot be trusted: ${lowerFirst(finding.because)}`;
  }
}

/** A holdout ships nothing: it says what everything that runs together does. */
function holdoutSentence(finding: Finding): string {
  switch (finding.says) {
    case 'ship':
      return `What runs together helps: ${finding.because}`;
    case 'roll-back':
      return `What runs together does harm: ${lowerFirst(finding.because)} Look for what to roll back.`;
    case 'nothing':
      return finding.measured ? `Keep holding out: ${finding.because}` : finding.because;
    case 'untrusted':
      return `The result cannot be trusted: ${lowerFirst(finding.because)}`;
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
