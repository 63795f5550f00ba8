import { z } from 'zod';

export const constraintSchema = z.looseObject({
  contextName: z.string(),
  operator: z.string(),
  values: z.array(z.string()).default([]),
  value: z.string().optional(),
  inverted: z.boolean().default(false),
  caseInsensitive: z.boolean().default(false),
});
export type Constraint = z.infer<typeof constraintSchema>;

/** Of numbers in a context; Unleash reads them from text too, which an audience does not. */
const COMPARISONS: Readonly<Record<string, string>> = {
  NUM_EQ: '$eq',
  NUM_GT: '$gt',
  NUM_GTE: '$gte',
  NUM_LT: '$lt',
  NUM_LTE: '$lte',
};

const PATTERNS: Readonly<Record<string, (values: string) => string>> = {
  STR_STARTS_WITH: (values) => `^(?:${values})`,
  STR_ENDS_WITH: (values) => `(?:${values})$`,
  STR_CONTAINS: (values) => values,
};

/** A constraint as a condition of an audience; undefined where none says the same. */
export function conditionOf(constraint: Constraint): Record<string, unknown> | undefined {
  const test = testOf(constraint);
  if (test === undefined) return undefined;
  return { [constraint.contextName]: constraint.inverted ? { $not: test } : test };
}

function testOf({
  operator,
  values,
  value,
  caseInsensitive,
}: Constraint): Record<string, unknown> | undefined {
  const clean = values.filter((one) => one !== '').map((one) => one.trim());
  const pattern = PATTERNS[operator];
  if (pattern !== undefined) {
    // Of no values, none matches: a pattern of none would match everything.
    if (clean.length === 0) return { $in: [] };
    const flags = caseInsensitive ? '(?i)' : '';
    return { $regex: flags + pattern(clean.map(escaped).join('|')) };
  }
  if (caseInsensitive) return undefined;
  if (operator === 'IN') return { $in: clean };
  if (operator === 'NOT_IN') return { $nin: clean };
  const comparison = COMPARISONS[operator];
  return comparison === undefined || value === undefined ? undefined : { [comparison]: Number(value) };
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
