import { createContext } from 'react';

/** What stands behind a number. */
export interface Explanation {
  readonly title: string;
  /** What it is, in words. */
  readonly definition: string;
  /** How it was computed. */
  readonly method?: string;
  /** What gives it, over the lake. */
  readonly query?: string;
}

/** Of the one card that explanations are shown in. */
export const CARD_ID = 'explanation';

interface ExplanationActions {
  readonly show: (anchor: HTMLElement, explanation: Explanation) => void;
  readonly hide: () => void;
}

/** Who shows explanations; outside of `Explanations` nobody does. */
export const ExplanationContext = createContext<ExplanationActions>({
  show: () => undefined,
  hide: () => undefined,
});
