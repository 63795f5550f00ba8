import { headerParameter, type Json, jsonBody, queryParameter } from '../http/openapi-parts.ts';

/** `If-Match`, in the words of the document. */
export const ifMatch = (options: { readonly required: boolean }): Json =>
  headerParameter('If-Match', 'ETag of the thing as you read it, or * to overwrite', options);

/** `?dryRun=true`, in the words of the document. */
export const dryRun: Json = queryParameter(
  'dryRun',
  'true: check everything, say what it would come to, and change nothing',
  { type: 'boolean', default: false },
);

const etag: Json = { ETag: { description: 'Its revision, for If-Match', schema: { type: 'string' } } };

/** The query of every list. */
export const paging: readonly Json[] = [
  queryParameter('limit', 'Longest page', { type: 'integer', minimum: 1, maximum: 500, default: 100 }),
  queryParameter('after', 'The "next" of the page before'),
];

export const created = (schema: Json, example?: unknown): Json => ({
  description: 'Created',
  headers: etag,
  content: jsonBody(schema, example),
});

export const answered = (schema: Json, example?: unknown): Json => ({
  description: 'OK',
  headers: etag,
  content: jsonBody(schema, example),
});

export const deleted: Json = { 204: { description: 'Deleted' } };

/** A page of a list; `example` is one of its items. */
export const page = (schema: Json, example: unknown, description = 'A page, in key order'): Json => ({
  description,
  content: jsonBody(
    {
      type: 'object',
      required: ['items', 'next'],
      properties: { items: { type: 'array', items: schema }, next: { type: ['string', 'null'] } },
    },
    { items: [example], next: null },
  ),
});
