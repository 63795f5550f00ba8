import { suggestion } from '../suggestion.ts';
import { COMPARISONS } from './comparisons.ts';
import { savedGroup } from './named-segment.ts';
import { pathReader } from './path-reader.ts';
import { type OperandCompiler, type Predicate, refuse, type Scope, shown, within } from './scope.ts';
import { sharedClause } from './shared-clauses.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** Operators that combine whole conditions and stand beside the fields. */
const COMBINATIONS: ReadonlyMap<string, OperandCompiler> = new Map([
  ['$and', compileAnd],
  ['$or', compileOr],
  ['$nor', compileNor],
  ['$not', (operand, scope) => negated(compileCondition(operand, scope))],
  ['$savedGroup', savedGroup],
]);

/** Operators of one field. */
const FIELD_OPERATORS: ReadonlyMap<string, OperandCompiler> = new Map([
  ...COMPARISONS,
  ['$not', (operand, scope) => negated(compileTest(operand, scope))],
  ['$size', compileSize],
  ['$elemMatch', compileElemMatch],
  ['$all', compileAll({ ignoreCase: false })],
  ['$alli', compileAll({ ignoreCase: true })],
]);

/** Compiles `{ field: test, …, $or: […] }`: every entry must hold. */
export function compileCondition(condition: unknown, scope: Scope): Predicate {
  if (!isJsonObject(condition)) {
    return refuse(
      scope,
      'invalid-condition',
      `must be an object like { "country": "DE" }, not ${shown(condition)}`,
    );
  }
  return every(
    Object.entries(condition).map(([key, operand]) => {
      const at = within(scope, key);
      if (isOperatorName(key)) return compileOperator({ key, operand, known: COMBINATIONS }, at);
      return sharedClause({ field: key, operand }, at, () => {
        const read = pathReader(key);
        const test = compileTest(operand, at);
        return (source) => test(read(source));
      });
    }),
  );
}

/** Compiles what is asked of one value: a bare value to equal, or an object of operators. */
function compileTest(test: unknown, scope: Scope): Predicate {
  if (isOperators(test)) {
    return every(
      Object.entries(test).map(([key, operand]) =>
        compileOperator({ key, operand, known: FIELD_OPERATORS }, within(scope, key)),
      ),
    );
  }
  if (isJsonObject(test) && Object.keys(test).some(isOperatorName)) {
    const message = 'mixes operators with fields: keep operators here, and write fields as "parent.field"';
    return refuse(scope, 'mixed-operators', message);
  }
  return compileEquality(test, false);
}

function compileOperator(
  { key, operand, known }: { key: string; operand: unknown; known: ReadonlyMap<string, OperandCompiler> },
  scope: Scope,
): Predicate {
  const compile = known.get(key);
  return compile === undefined
    ? refuse(scope, 'unknown-operator', misplacedOrUnknown(key, known))
    : compile(operand, scope);
}

function misplacedOrUnknown(key: string, known: ReadonlyMap<string, OperandCompiler>): string {
  if (COMBINATIONS.has(key))
    return `"${key}" combines whole conditions: write it beside the field, not inside`;
  if (FIELD_OPERATORS.has(key)) return `"${key}" tests one field: write { "field": { "${key}": … } }`;
  const near = suggestion(key, known.keys());
  const advice =
    near === undefined ? `known here: ${[...known.keys()].join(' ')}` : `did you mean "${near}"?`;
  return `"${key}" is not an operator: ${advice}`;
}

/**
 * A bare value, coerced as published: `"5"` equals 5, an absent value equals 0 and `"null"`. Lists and objects
 * are compared by their JSON, so the order of an object's keys counts.
 */
function compileEquality(expected: unknown, ignoreCase: boolean): Predicate {
  switch (typeof expected) {
    case 'string':
      if (ignoreCase) {
        const folded = expected.toLowerCase();
        return (value) => String(value).toLowerCase() === folded;
      }
      return (value) => (typeof value === 'string' ? value : String(value)) === expected;
    case 'number':
      return (value) => Number(value) === expected;
    case 'boolean':
      return (value) => value !== null && Boolean(value) === expected;
    default: {
      if (expected === null) return (value) => value === null;
      const json = JSON.stringify(expected);
      return (value) => typeof value === 'object' && JSON.stringify(value) === json;
    }
  }
}

function compileAnd(operand: unknown, scope: Scope): Predicate {
  return every(compileAlternatives(operand, scope));
}

/** As published, no alternatives at all hold for everyone, so that an empty `$nor` holds for no one. */
function compileOr(operand: unknown, scope: Scope): Predicate {
  const alternatives = compileAlternatives(operand, scope);
  if (alternatives.length === 0) return () => true;
  return (value) => alternatives.some((holds) => holds(value));
}

function compileNor(operand: unknown, scope: Scope): Predicate {
  return negated(compileOr(operand, scope));
}

function compileAlternatives(operand: unknown, scope: Scope): Predicate[] {
  return Array.isArray(operand)
    ? operand.map((condition, index) => compileCondition(condition, within(scope, index)))
    : [refuse(scope, 'invalid-operand', `must be a list of conditions, not ${shown(operand)}`)];
}

function compileSize(operand: unknown, scope: Scope): Predicate {
  const test = compileTest(operand, scope);
  return (value) => Array.isArray(value) && test(value.length);
}

/** At least one element holds; as published, absent elements are passed over. */
function compileElemMatch(operand: unknown, scope: Scope): Predicate {
  const holds = isOperators(operand) ? compileTest(operand, scope) : compileCondition(operand, scope);
  return (value) =>
    Array.isArray(value) && value.some((element) => (element ?? null) !== null && holds(element));
}

function compileAll({ ignoreCase }: { readonly ignoreCase: boolean }): OperandCompiler {
  return (operand, scope) => {
    if (!Array.isArray(operand)) {
      return refuse(scope, 'invalid-operand', `must be a list, not ${shown(operand)}`);
    }
    const tests = operand.map((test, index) =>
      typeof test === 'string' ? compileEquality(test, ignoreCase) : compileTest(test, within(scope, index)),
    );
    return (value) => Array.isArray(value) && tests.every((test) => value.some((element) => test(element)));
  };
}

/** Most conditions have a few clauses: those are worth a call without a loop. */
function every(predicates: readonly Predicate[]): Predicate {
  const [first, second, third] = predicates;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  if (third === undefined) return (value) => first(value) && second(value);
  if (predicates.length === 3) return (value) => first(value) && second(value) && third(value);
  return (value) => predicates.every((holds) => holds(value));
}

function negated(predicate: Predicate): Predicate {
  return (value) => !predicate(value);
}

function isOperators(value: unknown): value is JsonObject {
  return isJsonObject(value) && Object.keys(value).length > 0 && Object.keys(value).every(isOperatorName);
}

function isOperatorName(key: string): boolean {
  return key.startsWith('$');
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
