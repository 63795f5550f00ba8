import { useEffect } from 'react';
import { useLocation } from 'wouter';
import { NAVIGATION } from './navigation.ts';

/** How long after `g` its second key may come. */
const SEQUENCE_MS = 1_000;

/** `g` and then a page's letter leads there, unless somebody is typing. */
export function useGoShortcuts(): void {
  const [, navigate] = useLocation();
  useEffect(() => {
    let armedUntil = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const page = NAVIGATION.find(({ shortcut }) => shortcut === event.key);
      if (event.key === 'g') armedUntil = event.timeStamp + SEQUENCE_MS;
      else if (page !== undefined && event.timeStamp < armedUntil) navigate(page.path);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [navigate]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');
}
