import { anyOf, groupMembership } from './named-segment.ts';
import { patternOperator } from './pattern.ts';
import { type OperandCompiler, type Predicate, refuse, shown } from './scope.ts';
import { paddedVersion } from './version.ts';

type Scalar = string | number | boolean | null;
type Orderable = string | number;

const TYPES = ['string', 'number', 'boolean', 'array', 'object', 'null'];

/** The operators whose operand is a plain value, not a condition: how each compiles. */
export const COMPARISONS: ReadonlyMap<string, OperandCompiler> = new Map([
  ['$eq', identity((same) => same)],
  ['$ne', identity((same) => !same)],
  ['$lt', ordering((actual, limit) => actual < limit)],
  ['$lte', ordering((actual, limit) => actual <= limit)],
  ['$gt', ordering((actual, limit) => actual > limit)],
  ['$gte', ordering((actual, limit) => actual >= limit)],
  ['$veq', versionOrdering((actual, limit) => actual === limit)],
  ['$vne', versionOrdering((actual, limit) => actual !== limit)],
  ['$vlt', versionOrdering((actual, limit) => actual < limit)],
  ['$vlte', versionOrdering((actual, limit) => actual <= limit)],
  ['$vgt', versionOrdering((actual, limit) => actual > limit)],
  ['$vgte', versionOrdering((actual, limit) => actual >= limit)],
  ['$in', membership({ within: true, ignoreCase: false })],
  ['$nin', membership({ within: false, ignoreCase: false })],
  ['$ini', membership({ within: true, ignoreCase: true })],
  ['$nini', membership({ within: false, ignoreCase: true })],
  ['$inGroup', groupMembership({ within: true })],
  ['$notInGroup', groupMembership({ within: false })],
  ['$regex', patternOperator({ ignoreCase: false })],
  ['$regexi', patternOperator({ ignoreCase: true })],
  ['$exists', existence],
  ['$type', typeTest],
]);

/** `$eq` and `$ne` compare without coercion, unlike a bare value. */
function identity(verdict: (same: boolean) => boolean): OperandCompiler {
  return (operand, scope) =>
    isScalar(operand)
      ? (value) => verdict(value === operand)
      : refuse(
          scope,
          'invalid-operand',
          'compares with a string, number, boolean or null; to compare a whole list or object, write it without the operator',
        );
}

/** JavaScript's own order, as published: an absent value counts as 0 beside a number. */
function ordering(compare: (actual: Orderable, limit: Orderable) => boolean): OperandCompiler {
  return (operand, scope) =>
    typeof operand === 'string' || typeof operand === 'number'
      ? (value) => compare(value as Orderable, operand)
      : refuse(scope, 'invalid-operand', `compares with a number or a string, not with ${shown(operand)}`);
}

function versionOrdering(compare: (actual: string, limit: string) => boolean): OperandCompiler {
  return (operand, scope) => {
    if (typeof operand !== 'string' && typeof operand !== 'number') {
      return refuse(scope, 'invalid-operand', `compares with a version like "1.2.3", not ${shown(operand)}`);
    }
    const limit = paddedVersion(operand);
    return (value) => compare(paddedVersion(value), limit);
  };
}

function membership({ within, ignoreCase }: { within: boolean; ignoreCase: boolean }): OperandCompiler {
  return (operand, scope) => {
    if (!Array.isArray(operand) || !operand.every(isScalar)) {
      const message = 'must be a list of strings, numbers, booleans or null: ["a", "b"]';
      return refuse(scope, 'invalid-operand', message);
    }
    if (!ignoreCase) return memberOf(operand, within);
    const isMember = memberOf(operand.map(folded), within);
    return (value) => isMember(Array.isArray(value) ? value.map(folded) : folded(value));
  };
}

function memberOf(members: readonly unknown[], within: boolean): Predicate {
  const set = new Set(members);
  return anyOf((value) => set.has(value), within);
}

function folded(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

function existence(operand: unknown, scope: Parameters<OperandCompiler>[1]): Predicate {
  return typeof operand === 'boolean'
    ? (value) => (value !== null) === operand
    : refuse(scope, 'invalid-operand', `must be true or false, not ${shown(operand)}`);
}

function typeTest(operand: unknown, scope: Parameters<OperandCompiler>[1]): Predicate {
  return typeof operand === 'string' && TYPES.includes(operand)
    ? (value) => typeName(value) === operand
    : refuse(scope, 'invalid-operand', `must be one of ${TYPES.join(', ')}, not ${shown(operand)}`);
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
