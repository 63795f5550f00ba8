import type { Experiment } from '../../../api/types.ts';
import { withField } from '../../../parts/with-field.ts';

export type Draft = Experiment;
export type DraftVariant = Draft['variants'][number];

/** All of a share, in basis points. */
export const ALL_BP = 10_000;

/** Where a new experiment begins: two variants, an equal share each, everybody eligible. */
export function emptyDraft(): Draft {
  return {
    key: '',
    endpoint: '',
    unit: 'user',
    audience: {},
    allocation: ALL_BP,
    variants: [
      { key: 'control', weight: ALL_BP / 2, target: '' },
      { key: 'treatment', weight: ALL_BP / 2, target: '' },
    ],
  };
}

/** What is sent: without the fields that stand empty. A variant without a target is answered by the endpoint's default. */
export function toRequest(draft: Draft): Draft {
  const { name, hypothesis, variants, ...rest } = draft;
  return {
    ...rest,
    ...(name === undefined || name === '' ? {} : { name }),
    ...(hypothesis === undefined || hypothesis === '' ? {} : { hypothesis }),
    variants: variants.map((variant) =>
      variant.target === '' ? withField(variant, 'target', undefined) : variant,
    ),
  };
}

/** A stored experiment as something to edit. */
export function draftOf(stored: Draft & Readonly<Record<string, unknown>>, fields: readonly string[]): Draft {
  return Object.fromEntries(Object.entries(stored).filter(([field]) => fields.includes(field))) as Draft;
}

/** Equal weights that sum to the whole: what does not divide goes to the first ones. */
export function equalWeights(variants: readonly DraftVariant[]): DraftVariant[] {
  const each = Math.floor(ALL_BP / variants.length);
  const left = ALL_BP - each * variants.length;
  return variants.map((variant, index) => ({ ...variant, weight: each + (index < left ? 1 : 0) }));
}
