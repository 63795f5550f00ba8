import type { Request } from 'express';
import type { StoredDocument } from '../../experiments/store/configuration-store.ts';
import type { ResourceKind } from '../catalogue/resources.ts';
import { type Json, queryParameter } from '../http/openapi-parts.ts';
import { Problem } from '../problems.ts';
import { pageOf } from './admin-request.ts';
import { paging } from './route-parts.ts';

const SORTS = ['key', 'createdAt', 'updatedAt'] as const;
type Sort = (typeof SORTS)[number];

/** The query of a list of this kind, as the document has it. */
export function listParameters({ filters = [], singular }: ResourceKind): readonly Json[] {
  return [
    ...paging,
    queryParameter('sort', 'Order; with a dash, the other way round', {
      enum: SORTS.flatMap((sort) => [sort, `-${sort}`]),
      default: 'key',
    }),
    queryParameter('q', 'Only where key or name has this text in it'),
    ...filters.map((name) => queryParameter(name, `Only each ${singular} with this ${name}`)),
  ];
}

/** One page of the things that the query asks for. Throws `invalid-request` on a parameter that there is not. */
export function listQuery(
  request: Request,
  kind: ResourceKind,
): (documents: readonly StoredDocument[]) => {
  readonly items: readonly StoredDocument[];
  readonly next: string | null;
} {
  const { limit, after } = pageOf(request);
  const wanted = parametersOf(request, kind);
  const { sort, descending } = sortOf(wanted.get('sort'));
  const cursor = after === null ? null : readCursor(after, sort);
  const compare = (a: Position, b: Position) =>
    descending ? comparePositions(b, a) : comparePositions(a, b);
  const positionOf = (document: StoredDocument): Position => [
    sort === 'key' ? document.key : document[sort],
    document.key,
  ];
  return (documents) => {
    const matching = documents
      .filter((document) => matches(document, wanted))
      .filter((document) => cursor === null || compare(positionOf(document), cursor) > 0)
      .sort((a, b) => compare(positionOf(a), positionOf(b)));
    const items = matching.slice(0, limit);
    const last = items.at(-1);
    const more = last !== undefined && matching.length > limit;
    return { items, next: more ? writeCursor(positionOf(last)) : null };
  };
}

/** What a list is sorted by, and the key, which tells apart what is equal in that. */
type Position = readonly [value: string, key: string];

function comparePositions([a, aKey]: Position, [b, bKey]: Position): number {
  if (a !== b) return a < b ? -1 : 1;
  return aKey === bKey ? 0 : aKey < bKey ? -1 : 1;
}

function parametersOf(
  request: Request,
  { filters = [], name: kind }: ResourceKind,
): ReadonlyMap<string, string> {
  const known = ['limit', 'after', 'sort', 'q', ...filters];
  const wanted = new Map<string, string>();
  for (const [name, value] of Object.entries(request.query)) {
    if (!known.includes(name)) {
      throw new Problem('invalid-request', `${kind} have no query "${name}": there is ${known.join(', ')}`);
    }
    if (typeof value !== 'string') throw new Problem('invalid-request', `${name} must be given once`);
    if (name !== 'limit' && name !== 'after') wanted.set(name, value);
  }
  return wanted;
}

function sortOf(text = 'key'): { readonly sort: Sort; readonly descending: boolean } {
  const descending = text.startsWith('-');
  const sort = SORTS.find((name) => name === text.slice(descending ? 1 : 0));
  if (sort !== undefined) return { sort, descending };
  throw new Problem(
    'invalid-request',
    `sort is "${text}": it must be one of ${SORTS.join(', ')}, or that with a dash`,
  );
}

function matches({ key, value }: StoredDocument, wanted: ReadonlyMap<string, string>): boolean {
  return [...wanted].every(([name, text]) => {
    if (name === 'sort') return true;
    if (name === 'q')
      return `${key}\n${String(value['name'] ?? '')}`.toLowerCase().includes(text.toLowerCase());
    return String(value[name]) === text;
  });
}

function writeCursor(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

function readCursor(after: string, sort: Sort): Position {
  const [value, key] = parsed(Buffer.from(after, 'base64url').toString());
  if (typeof value === 'string' && typeof key === 'string') return [value, key];
  // Cursors were plain keys once, and clients may have kept one.
  if (sort === 'key') return [after, after];
  throw new Problem('invalid-request', 'after must be the "next" of the page before, in the same order');
}

function parsed(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
