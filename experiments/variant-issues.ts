import { type HashName, hashScheme } from './hashes/hash-scheme.ts';
import { FULL_SHARE_BP } from './key.ts';
import { overlap, sizeOf } from './slots.ts';
import type { Variant } from './variant.ts';

interface Written {
  readonly variants: readonly Variant[];
  readonly overrides: readonly { readonly variant: string }[];
  readonly hash: HashName;
  readonly allocation: number;
  readonly metrics?: { readonly primary: string; readonly secondary: readonly string[] } | undefined;
  readonly unit: string;
  readonly sticky?: { readonly inheritsFrom?: string | undefined } | undefined;
  readonly bandit?: { readonly metric: string; readonly floor: number } | undefined;
}

interface FieldIssue {
  readonly path: (string | number)[];
  readonly message: string;
}

/** What is wrong with variants as a whole: sums, names, slots, and what the hash cannot express. */
export function variantIssues(written: Written): FieldIssue[] {
  return [
    ...weightSum(written),
    ...repeatedKeys(written),
    ...partialTargets(written),
    ...strangers(written),
    ...stepIssues(written),
    ...slotIssues(written),
    ...banditIssues(written),
    ...stickyIssues(written),
  ];
}

function weightSum({ variants }: Written): FieldIssue[] {
  const sum = variants.reduce((total, { weight }) => total + weight, 0);
  if (sum === FULL_SHARE_BP) return [];
  return [
    {
      path: ['variants'],
      message: `weights sum to ${sum}; they must sum to ${FULL_SHARE_BP} basis points`,
    },
  ];
}

function repeatedKeys({ variants }: Written): FieldIssue[] {
  return variants.flatMap(({ key }, index) =>
    variants.findIndex((other) => other.key === key) === index
      ? []
      : [
          {
            path: ['variants', index, 'key'],
            message: `"${key}" names two variants; each needs a key of its own`,
          },
        ],
  );
}

function partialTargets({ variants }: Written): FieldIssue[] {
  if (variants.every(({ target }) => target === undefined)) return [];
  return variants.flatMap(({ key, target }, index) =>
    target === undefined
      ? [
          {
            path: ['variants', index, 'target'],
            message: `"${key}" has no target and other variants do: name one for each, or for none`,
          },
        ]
      : [],
  );
}

function strangers({ variants, overrides }: Written): FieldIssue[] {
  const known = variants.map(({ key }) => key);
  return overrides.flatMap(({ variant }, index) =>
    known.includes(variant)
      ? []
      : [
          {
            path: ['overrides', index, 'variant'],
            message: `there is no variant "${variant}": it must be one of ${known.join(', ')}`,
          },
        ],
  );
}

function stepIssues({ variants, hash, allocation }: Written): FieldIssue[] {
  const { weightStepBp, allocationStepBp } = hashScheme(hash);
  const weights = variants.flatMap(({ weight }, index) =>
    weight % weightStepBp === 0
      ? []
      : [
          {
            path: ['variants', index, 'weight'],
            message: `is ${weight}; under ${hash} weights are multiples of ${weightStepBp} basis points`,
          },
        ],
  );
  if (allocation % allocationStepBp === 0) return weights;
  return [
    ...weights,
    {
      path: ['allocation'],
      message: `is ${allocation}; under ${hash} it is a multiple of ${allocationStepBp} basis points`,
    },
  ];
}

/**
 * Slots are given for every variant or for none, and disjoint. Under hashes with one draw they may be less than
 * the weight: what nobody owns is not enrolled, as in the product the experiment comes from.
 */
function slotIssues({ variants, hash, allocation }: Written): FieldIssue[] {
  const given = variants.flatMap(({ slots }) => (slots === undefined ? [] : [slots]));
  if (given.length === 0) return [];
  if (given.length < variants.length) {
    return [{ path: ['variants'], message: 'some variants have slots and some none: give slots for all' }];
  }
  if (overlap(given.flat())) {
    return [{ path: ['variants'], message: 'two variants own the same slot: make their slots disjoint' }];
  }
  const oneDraw = hashScheme(hash).allocationSlot === null;
  const gaps = sizeOf(given.flat()) < FULL_SHARE_BP;
  if (gaps && oneDraw && allocation < FULL_SHARE_BP) {
    const message = `is ${allocation}, but the slots leave out units already: set it to ${FULL_SHARE_BP}, or leave out the slots`;
    return [{ path: ['allocation'], message }];
  }
  return variants.flatMap(({ weight, slots = [] }, index) =>
    sizeOf(slots) === weight || (oneDraw && gaps)
      ? []
      : [
          {
            path: ['variants', index, 'slots'],
            message: `hold ${sizeOf(slots)} slots for a weight of ${weight}: they must be as many, or be left out`,
          },
        ],
  );
}

/** What a unit inherits from is another id than its own, and not one that many units share. */
function stickyIssues({ unit, sticky }: Written): FieldIssue[] {
  const { inheritsFrom } = sticky ?? {};
  if (inheritsFrom === undefined || (inheritsFrom !== unit && inheritsFrom !== 'tenant' && unit !== 'tenant'))
    return [];
  const message = `a unit "${unit}" cannot inherit from "${inheritsFrom}": name what stands for it before it is known`;
  return [{ path: ['sticky', 'inheritsFrom'], message }];
}

/** A bandit learns from a metric that is measured, keeps every floor, and needs weights of any size. */
function banditIssues({ bandit, metrics, variants, hash }: Written): FieldIssue[] {
  if (bandit === undefined) return [];
  const issues: FieldIssue[] = [];
  if (![metrics?.primary, ...(metrics?.secondary ?? [])].includes(bandit.metric)) {
    const message = `"${bandit.metric}" is not measured here: make it the primary or a secondary metric`;
    issues.push({ path: ['bandit', 'metric'], message });
  }
  if (bandit.floor * variants.length > FULL_SHARE_BP) {
    const most = Math.floor(FULL_SHARE_BP / variants.length);
    const message = `is ${bandit.floor} for each of ${variants.length} variants: at most ${most} fit`;
    issues.push({ path: ['bandit', 'floor'], message });
  }
  if (hashScheme(hash).weightStepBp > 1) {
    issues.push({ path: ['bandit'], message: `needs finer weights than ${hash} knows: use another hash` });
  }
  return issues;
}
