import { useState } from 'react';

interface RowIds {
  /** One for each row, the same as long as the row is there. */
  readonly ids: readonly string[];
  /** To be called when a row is taken out, before the others move up. */
  readonly forget: (index: number) => void;
}

/** Identities for rows that have none of their own, because every field of them is being typed. */
export function useRowIds(count: number): RowIds {
  const [kept] = useState(() => ({ ids: [] as string[], made: 0 }));
  while (kept.ids.length < count) {
    kept.ids.push(`row-${kept.made}`);
    kept.made += 1;
  }
  kept.ids.length = count;
  return { ids: kept.ids, forget: (index) => void kept.ids.splice(index, 1) };
}
