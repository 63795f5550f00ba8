import { type BsonDocument, isDocument } from './bson-document.ts';
import { CommandError } from './command-error.ts';
import { endOfType, isNanKey, orderKey, sameType } from './order-key.ts';

type Operator = '$eq' | '$ne' | '$in' | '$gt' | '$gte' | '$lt' | '$lte';

/** One clause of a filter. `keys` are order keys: several for `$in`, one for every other operator. */
export interface Condition {
  readonly path: string;
  readonly operator: Operator;
  readonly keys: readonly Buffer[];
}

/** The clauses, all of which must hold. Whatever it does not know, it refuses by name rather than guess. */
export function parseFilter(filter: BsonDocument): Condition[] {
  return Object.entries(filter).flatMap(([path, clause]) => {
    if (path.startsWith('$')) {
      throw new CommandError('BadValue', `"${path}" is not a filter that the embedded server knows`);
    }
    return isDocument(clause)
      ? Object.entries(clause).map(([operator, operand]) => parseClause(path, operator, operand))
      : [parseClause(path, '$eq', clause)];
  });
}

/** Whether the document satisfies every clause. */
export function matches(conditions: readonly Condition[], document: BsonDocument): boolean {
  return conditions.every((condition) => holds(condition, valuesAt(document, condition.path)));
}

/** Smallest and largest `_id` key that can satisfy the clauses; absent where they do not say. */
export function idBounds(conditions: readonly Condition[]): { low?: Buffer; high?: Buffer } {
  let bounds: { low?: Buffer; high?: Buffer } = {};
  for (const { path, operator, keys } of conditions) {
    if (path === '_id' && operator !== '$ne') {
      const sorted = keys.toSorted(Buffer.compare);
      const first = sorted[0] ?? Buffer.alloc(0);
      const last = sorted.at(-1) ?? Buffer.alloc(0);
      const below = operator === '$lt' || operator === '$lte';
      const above = operator === '$gt' || operator === '$gte';
      bounds = narrower(bounds, {
        low: below ? first.subarray(0, 1) : first,
        high: above ? endOfType(last) : last,
      });
    }
  }
  return bounds;
}

/**
 * What a path leads to: the value there and, when it is an array, its elements as well, as MongoDB matches
 * them. A path that goes on through an array is refused.
 */
export function valuesAt(document: BsonDocument, path: string): readonly unknown[] {
  let value: unknown = document;
  for (const part of path.split('.')) {
    if (Array.isArray(value)) {
      throw new CommandError('BadValue', `"${path}" leads through an array, which is not supported`);
    }
    value = isDocument(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  }
  return Array.isArray(value) ? [value, ...value] : [value];
}

function parseClause(path: string, operator: string, operand: unknown): Condition {
  switch (operator) {
    case '$eq':
    case '$ne':
      return { path, operator, keys: [scalarKey(path, operand)] };
    case '$in':
      if (!Array.isArray(operand)) {
        throw new CommandError('BadValue', `"${path}": $in needs an array`);
      }
      return { path, operator, keys: operand.map((item) => scalarKey(path, item)) };
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      if (operand === null) {
        throw new CommandError('BadValue', `"${path}": ${operator} null is not supported`);
      }
      return { path, operator, keys: [scalarKey(path, operand)] };
    default:
      throw new CommandError(
        'BadValue',
        operator.startsWith('$')
          ? `"${path}": ${operator} is not an operator that the embedded server knows`
          : `"${path}": matching a whole document is not supported; use dotted paths`,
      );
  }
}

function scalarKey(path: string, operand: unknown): Buffer {
  const key = orderKey(operand);
  if (key === null) {
    throw new CommandError('BadValue', `"${path}" is compared with a value that is no scalar`);
  }
  return key;
}

function holds({ operator, keys }: Condition, values: readonly unknown[]): boolean {
  const isOneOf = (key: Buffer | null) => key !== null && keys.some((wanted) => wanted.equals(key));
  const found = values.map(orderKey);
  if (operator === '$ne') {
    return !found.some(isOneOf);
  }
  if (operator === '$eq' || operator === '$in') {
    return found.some(isOneOf);
  }
  const limit = keys[0];
  return found.some((key) => key !== null && limit !== undefined && inRange(operator, key, limit));
}

function inRange(operator: '$gt' | '$gte' | '$lt' | '$lte', key: Buffer, limit: Buffer): boolean {
  if (isNanKey(key) || isNanKey(limit)) {
    return isNanKey(key) && isNanKey(limit) && operator.endsWith('e');
  }
  const order = Buffer.compare(key, limit);
  const within = { $gt: order > 0, $gte: order >= 0, $lt: order < 0, $lte: order <= 0 };
  return sameType(key, limit) && within[operator];
}

function narrower(a: { low?: Buffer; high?: Buffer }, b: { low: Buffer; high: Buffer }) {
  return {
    low: a.low !== undefined && Buffer.compare(a.low, b.low) > 0 ? a.low : b.low,
    high: a.high !== undefined && Buffer.compare(a.high, b.high) < 0 ? a.high : b.high,
  };
}
