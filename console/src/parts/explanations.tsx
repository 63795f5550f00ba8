import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react';
import classes from './explained.module.css';
import { CARD_ID, type Explanation, ExplanationContext } from './explanation.ts';

interface Shown {
  readonly anchor: HTMLElement;
  readonly explanation: Explanation;
}

/** Long enough to get from a number into its card (WCAG 1.4.13: what appears can be pointed at). */
const GRACE_MS = 250;

/** One card for all the numbers within: however many there are, none costs more than a button. */
export function Explanations({ children }: { readonly children: ReactNode }) {
  const [shown, setShown] = useState<Shown | null>(null);
  const [leaving, setLeaving] = useState(false);
  const [actions] = useState(() => ({
    show: (anchor: HTMLElement, explanation: Explanation) => {
      setLeaving(false);
      setShown({ anchor, explanation });
    },
    hide: () => setLeaving(true),
  }));
  useEffect(() => {
    if (!leaving) return;
    const timer = setTimeout(() => setShown(null), GRACE_MS);
    return () => clearTimeout(timer);
  }, [leaving]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && setShown(null);
    const onScroll = () => setShown((current) => current && { ...current });
    window.addEventListener('keydown', onKey);
    window.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      window.removeEventListener('keydown', onKey);
      window.removeEventListener('scroll', onScroll);
    };
  }, []);
  return (
    <ExplanationContext value={actions}>
      {children}
      <Card shown={shown} onEnter={() => setLeaving(false)} onLeave={() => setLeaving(true)} />
    </ExplanationContext>
  );
}

interface CardProps {
  readonly shown: Shown | null;
  readonly onEnter: () => void;
  readonly onLeave: () => void;
}

const GAP_PX = 6;

function Card({ shown, onEnter, onLeave }: CardProps) {
  const card = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = card.current;
    if (element === null || shown === null) return;
    const anchor = shown.anchor.getBoundingClientRect();
    const { width, height } = element.getBoundingClientRect();
    const below = anchor.bottom + GAP_PX + height <= window.innerHeight;
    element.style.top = `${below ? anchor.bottom + GAP_PX : Math.max(GAP_PX, anchor.top - GAP_PX - height)}px`;
    element.style.left = `${Math.max(GAP_PX, Math.min(anchor.left, window.innerWidth - width - GAP_PX))}px`;
  }, [shown]);
  return (
    <div
      ref={card}
      id={CARD_ID}
      role="tooltip"
      className={classes['card']}
      hidden={shown === null}
      onMouseEnter={onEnter}
      onMouseLeave={onLeave}
    >
      {shown !== null && (
        <>
          <strong>{shown.explanation.title}</strong>
          <div>{shown.explanation.definition}</div>
          {shown.explanation.method !== undefined && <div className="dimmed">{shown.explanation.method}</div>}
          {shown.explanation.query !== undefined && (
            <pre className={classes['query']}>{shown.explanation.query}</pre>
          )}
        </>
      )}
    </div>
  );
}
