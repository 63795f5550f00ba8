import { randomUUIDv7 } from 'node:crypto';
import { z } from 'zod';
import { COMMENTS, EXPERIMENTS, nestedKey } from '../catalogue/resources.ts';
import { jsonBody, schemaOf } from '../http/openapi-parts.ts';
import { READERS, REVIEWERS, type Route } from '../http/route.ts';
import { actorOf, parsedBody } from './admin-request.ts';
import type { ConfigurationWriter } from './change-configuration.ts';
import { findOr404 } from './resource-routes.ts';
import { created, page } from './route-parts.ts';

const commentRequestSchema = z.strictObject({ text: z.string().min(1).max(5_000) });

const PATH = '/admin/v1/experiments/{key}/comments';
const EXAMPLE = {
  id: '019ab2c4-7d1e-7c3a-9f00-3f6d2a1b4c5d',
  at: '2026-11-03T08:12:00.000Z',
  by: 'ada',
  text: 'Wait for Monday',
};

/** Comments are documents of their own: what is said of an experiment does not change its revision. */
export function commentRoutes(writer: ConfigurationWriter): Route[] {
  return [listRoute(writer), addRoute(writer)];
}

function listRoute(writer: ConfigurationWriter): Route {
  return {
    method: 'get',
    path: PATH,
    access: READERS,
    id: 'listComments',
    tag: 'experiments',
    summary: 'What was said of it, oldest first',
    answers: { 200: page({ type: 'object' }, EXAMPLE, 'All of them, oldest first') },
    problems: ['not-found'],
    handle: async (request, response) => {
      const documents = await writer.documents();
      const { key: experiment } = findOr404(documents, EXPERIMENTS.name, request.params['key'] ?? '');
      const prefix = nestedKey(experiment, '');
      const items = documents
        .filter(({ kind, key }) => kind === COMMENTS && key.startsWith(prefix))
        .toSorted((left, right) => (left.key < right.key ? -1 : 1))
        .map(({ value }) => value);
      response.json({ items, next: null });
    },
  };
}

function addRoute(writer: ConfigurationWriter): Route {
  return {
    method: 'post',
    path: PATH,
    access: { ...REVIEWERS, roles: ['experimenter', 'reviewer'] },
    id: 'addComment',
    tag: 'experiments',
    summary: 'Say something about it',
    body: jsonBody(schemaOf(commentRequestSchema), { text: EXAMPLE.text }),
    answers: { 201: created({ type: 'object' }, EXAMPLE) },
    problems: ['invalid-request', 'not-found', 'invalid-configuration', 'write-contention'],
    handle: async (request, response) => {
      const { text } = parsedBody(commentRequestSchema, request.body);
      const { key } = findOr404(await writer.documents(), EXPERIMENTS.name, request.params['key'] ?? '');
      const actor = actorOf(request);
      const comment = { id: randomUUIDv7(), at: new Date().toISOString(), by: actor.name, text };
      await writer.change({
        kind: COMMENTS,
        key: nestedKey(key, comment.id),
        action: 'comment',
        actor,
        next: () => comment,
      });
      response.status(201).json(comment);
    },
  };
}
