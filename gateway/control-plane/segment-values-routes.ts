import type { Request, Response } from 'express';
import { type ListReference, type StoredSegment, storedSegmentSchema } from '../../experiments/segment.ts';
import type { StoredDocument } from '../../experiments/store/configuration-store.ts';
import { type Json, jsonBody } from '../http/openapi-parts.ts';
import { EXPERIMENTERS, READERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { actorOf, checkIfMatch, etagOf } from './admin-request.ts';
import type { ConfigurationWriter } from './change-configuration.ts';
import { findOr404 } from './resource-routes.ts';
import { answered, ifMatch } from './route-parts.ts';
import { addValues, type ListStore, removeValues, type Uploaded, valuesIn } from './segment-values.ts';

const path = '/admin/v1/segments/{key}/values';
const tag = 'segments';
const NDJSON = 'application/x-ndjson';
const PAGE = ['user-17', 'user-42'];
const lines = { [NDJSON]: { schema: { type: 'string' }, example: '"user-17"\n"user-42"\n' } };
const body: Json = {
  ...lines,
  ...jsonBody({ type: 'array', items: { type: ['string', 'number'] } }, PAGE),
};
const ANSWER = { count: 999_999, accepted: 2, unchanged: 0, rejected: [], rejectedCount: 0, revision: 18 };

interface SegmentAdmin {
  readonly writer: ConfigurationWriter;
  readonly store: ListStore;
}

/** The values of a segment, up to a million: uploaded whole or in parts, one a line or in pages. */
export function segmentValuesRoutes(admin: SegmentAdmin): Route[] {
  const { writer, store } = admin;
  return [
    {
      ...uploadRoute(admin, 'replace-values', (upload) => addValues(store, { ...upload, replace: true })),
      method: 'put',
      path,
      id: 'replaceSegmentValues',
      summary: 'Make these its values, in the place of all that it has',
    },
    {
      ...uploadRoute(admin, 'add-values', (upload) => addValues(store, { ...upload, replace: false })),
      method: 'post',
      path,
      id: 'addSegmentValues',
      summary: 'Add values; those that it has already change nothing',
    },
    {
      ...uploadRoute(admin, 'remove-values', (upload) => removeValues(store, upload)),
      method: 'post',
      path: `${path}/removals`,
      id: 'removeSegmentValues',
      summary: 'Take values out; those that it does not have change nothing',
    },
    {
      method: 'get',
      path,
      access: READERS,
      id: 'listSegmentValues',
      tag,
      summary: 'Its values, one a line',
      answers: { 200: { description: 'All of them', content: lines } },
      problems: ['not-found', 'wrong-state'],
      handle: async (request, response) => {
        const { segment, document } = await listIn(writer, request);
        response.type(NDJSON).setHeader('etag', etagOf(document));
        for await (const values of valuesIn(store, segment)) {
          response.write(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
        }
        response.end();
      },
    },
  ];
}

type Upload = { readonly segment: StoredSegment; readonly request: Request };

function uploadRoute(
  { writer }: SegmentAdmin,
  action: string,
  upload: (upload: Upload) => Promise<Uploaded>,
): Omit<Route, 'method' | 'path' | 'id' | 'summary'> {
  return {
    access: EXPERIMENTERS,
    tag,
    parameters: [ifMatch({ required: false })],
    body,
    answers: { 200: answered({ type: 'object' }, ANSWER) },
    problems: [
      'invalid-request',
      'not-found',
      'wrong-state',
      'revision-mismatch',
      'unsupported-media-type',
      'invalid-configuration',
      'write-contention',
    ],
    handle: async (request: Request<Record<string, string>>, response: Response) => {
      const { segment, document } = await listIn(writer, request);
      checkIfMatch(request, document, { required: false });
      const { list, count, taken } = await upload({ segment, request });
      const name = (reference: ListReference) =>
        writer.change({
          kind: 'segments',
          key: segment.key,
          action,
          actor: actorOf(request),
          next: (current) => {
            if (current?.revision !== document.revision) throw overtaken(segment.key);
            const { values: _values, ...written } = current.value;
            return { ...written, list: reference };
          },
        });
      const kept = list === null ? document : await name(list);
      if (kept === null) throw overtaken(segment.key);
      response.setHeader('etag', etagOf(kept));
      response.json({ count, ...taken, revision: kept.revision });
    },
  };
}

/** The segment that the path names, or a Problem where there is none or it is no list. */
async function listIn(
  writer: ConfigurationWriter,
  request: Request<Record<string, string>>,
): Promise<{ segment: StoredSegment; document: StoredDocument }> {
  const key = request.params['key'] ?? '';
  const document = findOr404(await writer.documents(), 'segments', key);
  const segment = storedSegmentSchema.parse(document.value);
  if (segment.condition === undefined) return { segment, document };
  throw new Problem(
    'wrong-state',
    `"${key}" is a condition, which has no values: make a segment without one`,
  );
}

function overtaken(key: string): Problem {
  return new Problem('revision-mismatch', `"${key}" has changed during the upload: send it again`);
}
