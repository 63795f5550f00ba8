import { type ReactNode, useContext } from 'react';
import classes from './explained.module.css';
import { CARD_ID, type Explanation, ExplanationContext } from './explanation.ts';

interface ExplainedProps {
  /** Asked for only when somebody wants to know. */
  readonly explain: () => Explanation;
  readonly children: ReactNode;
}

/** A number that says, when it is pointed at or reached by keyboard, what it is and how it came about. */
export function Explained({ explain, children }: ExplainedProps) {
  const { show, hide } = useContext(ExplanationContext);
  return (
    <button
      type="button"
      className={classes['explained']}
      aria-describedby={CARD_ID}
      onMouseEnter={(event) => show(event.currentTarget, explain())}
      onFocus={(event) => show(event.currentTarget, explain())}
      onClick={(event) => show(event.currentTarget, explain())}
      onMouseLeave={hide}
      onBlur={hide}
    >
      {children}
    </button>
  );
}
