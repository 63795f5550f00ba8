/** Comparisons that the builder offers, by their names in the condition language. */
export const OPERATORS = [
  { value: '$eq', label: 'is' },
  { value: '$ne', label: 'is not' },
  { value: '$in', label: 'is one of' },
  { value: '$nin', label: 'is none of' },
  { value: '$gt', label: 'is more than' },
  { value: '$gte', label: 'is at least' },
  { value: '$lt', label: 'is less than' },
  { value: '$lte', label: 'is at most' },
  { value: '$vgte', label: 'is version or later' },
  { value: '$exists', label: 'is given' },
  { value: '$regex', label: 'matches' },
  { value: '$inGroup', label: 'is in segment' },
  { value: '$notInGroup', label: 'is not in segment' },
] as const;

export type Operator = (typeof OPERATORS)[number]['value'];

/** One line of the builder: all of its lines must hold. */
export interface Clause {
  readonly attribute: string;
  readonly operator: Operator;
  readonly value: unknown;
}

export type Condition = Readonly<Record<string, unknown>>;

/**
 * The clauses of a condition that is a plain conjunction, or null for one that the builder cannot show ($or, nested
 * documents, …) and that is edited as text. `conditionOf` is its inverse.
 */
export function clausesOf(condition: Condition): Clause[] | null {
  const clauses: Clause[] = [];
  for (const [attribute, test] of Object.entries(condition)) {
    if (attribute.startsWith('$')) return null;
    if (!isPlainObject(test)) {
      if (Array.isArray(test)) return null;
      clauses.push({ attribute, operator: '$eq', value: test });
      continue;
    }
    for (const [operator, value] of Object.entries(test)) {
      const known = OPERATORS.find((one) => one.value === operator);
      if (known === undefined) return null;
      clauses.push({ attribute, operator: known.value, value });
    }
  }
  return clauses;
}

/** Null where one attribute has the same comparison twice: the language has no place for that in one document. */
export function conditionOf(clauses: readonly Clause[]): Condition | null {
  const condition: Record<string, Record<string, unknown>> = {};
  for (const { attribute, operator, value } of clauses) {
    const tests = condition[attribute] ?? {};
    if (operator in tests) return null;
    condition[attribute] = { ...tests, [operator]: value };
  }
  return Object.fromEntries(
    Object.entries(condition).map(([attribute, tests]) => [attribute, simplified(tests)]),
  );
}

/** `{ "$eq": x }` alone is written as x, as people do. */
function simplified(tests: Record<string, unknown>): unknown {
  const operators = Object.keys(tests);
  return operators.length === 1 && operators[0] === '$eq' && !isPlainObject(tests['$eq'])
    ? tests['$eq']
    : tests;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What somebody typed as the value of a clause: numbers and booleans as such, lists where the comparison takes one. */
export function readValue(operator: Operator, text: string): unknown {
  if (operator === '$exists') return text !== 'false';
  if (operator === '$in' || operator === '$nin') {
    return text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map(scalar);
  }
  return isText(operator) ? text : scalar(text);
}

/** The inverse of `readValue`, for the field. */
export function showValue(operator: Operator, value: unknown): string {
  if (isText(operator)) return String(value);
  return Array.isArray(value) ? value.map(showScalar).join(', ') : showScalar(value);
}

/** Versions and patterns are text, whatever they look like. */
function isText(operator: Operator): boolean {
  return operator === '$vgte' || operator === '$regex';
}

function scalar(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true';
  if (/^".*"$/.test(trimmed)) return trimmed.slice(1, -1);
  return /^-?(0|[1-9]\d{0,14})(\.\d{1,10})?$/.test(trimmed) ? Number(trimmed) : trimmed;
}

/** Text that would be read as something else stands in quotes. */
function showScalar(value: unknown): string {
  if (typeof value !== 'string') return String(value);
  return scalar(value) === value && value !== '' ? value : `"${value}"`;
}
