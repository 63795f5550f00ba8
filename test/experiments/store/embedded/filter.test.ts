import fc from 'fast-check';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTemporaryServer } from '../../../support/embedded-server.ts';

type Scalar = null | number | string | boolean;
interface Item {
  readonly _id: number | string;
  readonly a?: Scalar | Scalar[];
  readonly b?: { readonly c: Scalar };
}
type Clause = [operator: string, operand: Scalar | Scalar[]];
type Filter = { path: '_id' | 'a' | 'b.c'; clause: Clause }[];

/** The model: the few rules of https://www.mongodb.com/docs/manual/reference/operator/query-comparison/ in plain JavaScript. */
const TYPES = ['object', 'number', 'string', 'boolean'];
const typeOf = (value: Scalar) => TYPES.indexOf(typeof value);
function order(x: Scalar, y: Scalar): number {
  if (typeOf(x) !== typeOf(y)) return typeOf(x) - typeOf(y);
  return x === y || x === null || y === null ? 0 : x < y ? -1 : 1;
}
function valueAt(item: Item, path: string): Scalar | Scalar[] {
  return (path === 'b.c' ? item.b?.c : path === 'a' ? item.a : item._id) ?? null;
}
function holds(item: Item, path: string, [operator, operand]: Clause): boolean {
  const value = valueAt(item, path);
  const elements = Array.isArray(value) ? value : [value];
  const inRange = (test: (order: number) => boolean) =>
    elements.some((x) => typeOf(x) === typeOf(operand as Scalar) && test(order(x, operand as Scalar)));
  switch (operator) {
    case '$in':
      return elements.some((x) => (operand as Scalar[]).includes(x));
    case '$eq':
      return elements.some((x) => x === operand);
    case '$ne':
      return !elements.some((x) => x === operand);
    case '$gt':
      return inRange((result) => result > 0);
    case '$gte':
      return inRange((result) => result >= 0);
    case '$lt':
      return inRange((result) => result < 0);
    default:
      return inRange((result) => result <= 0);
  }
}

const number = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(0.5, -2.5, 2 ** 40));
const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '$', 'é'), maxLength: 2 });
const comparable = fc.oneof(number, text, fc.boolean());
const scalar = fc.oneof(comparable, fc.constant(null));
const item = fc.record(
  {
    _id: fc.oneof(number, text),
    a: fc.oneof(scalar, fc.array(scalar, { minLength: 1, maxLength: 3 })),
    b: fc.record({ c: scalar }),
  },
  { requiredKeys: ['_id'] },
);
const items = fc.uniqueArray(item, { selector: ({ _id }) => _id, maxLength: 12 });
const clause: fc.Arbitrary<Clause> = fc.oneof(
  fc.tuple(fc.constantFrom('$eq', '$ne'), scalar),
  fc.tuple(fc.constantFrom('$gt', '$gte', '$lt', '$lte'), comparable),
  fc.tuple(fc.constant('$in'), fc.array(scalar, { maxLength: 3 })),
);
const filter: fc.Arbitrary<Filter> = fc.array(
  fc.record({ path: fc.constantFrom('_id', 'a', 'b.c'), clause }),
  { maxLength: 3 },
);

describe('find on the embedded server', () => {
  let server: Awaited<ReturnType<typeof startTemporaryServer>>;
  let client: MongoClient;
  beforeAll(async () => {
    server = await startTemporaryServer();
    client = new MongoClient(server.uri);
  });
  afterAll(async () => {
    await client.close();
    await server.stop();
  });

  it('selects and orders as a plain model of the rules does', async () => {
    let run = 0;
    const direction = fc.constantFrom(1 as const, -1 as const);
    const page = fc.record({ skip: fc.nat(3), limit: fc.nat(5), batchSize: fc.integer({ min: 1, max: 4 }) });
    const sortPath = fc.constantFrom('_id', 'b.c');
    await fc.assert(
      fc.asyncProperty(items, filter, sortPath, direction, page, async (all, wanted, path, sign, size) => {
        run += 1;
        const collection = client.db('model').collection<Item>(`run${run}`);
        if (all.length > 0) await collection.insertMany([...all]);
        const query: Record<string, Record<string, unknown>> = {};
        // One operator once a path, as in a document; a later clause replaces an earlier one.
        for (const { path, clause } of wanted) query[path] = { ...query[path], [clause[0]]: clause[1] };
        const found = await collection
          .find(query, size)
          .sort(path === '_id' ? { _id: sign } : { [path]: sign, _id: 1 })
          .toArray();

        const clauses = Object.entries(query).flatMap(([path, operators]) =>
          Object.entries(operators).map((entry) => ({ path, clause: entry as Clause })),
        );
        const expected = all
          .filter((one) => clauses.every(({ path, clause }) => holds(one, path, clause)))
          .sort(
            (x, y) =>
              sign * order(valueAt(x, path) as Scalar, valueAt(y, path) as Scalar) || order(x._id, y._id),
          )
          .slice(size.skip, size.limit === 0 ? undefined : size.skip + size.limit);
        expect(found).toEqual(expected);
        expect(await collection.count(query)).toBe(
          all.filter((one) => clauses.every(({ path, clause }) => holds(one, path, clause))).length,
        );
      }),
      { numRuns: 300 },
    );
  });
});
