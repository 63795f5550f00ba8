import { randomBytes, randomUUIDv7 } from 'node:crypto';
import type { Request, Response } from 'express';
import type { StoredDocument } from '../../experiments/store/configuration-store.ts';
import { digestOf } from '../access/key-digest.ts';
import { rotationSchema } from '../catalogue/api-key.ts';
import { contextOf } from '../http/request-context.ts';
import type { Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { actorOf, checkIfMatch, etagOf, pageOf, parsedBody } from './admin-request.ts';
import type { ConfigurationWriter } from './change-configuration.ts';
import { type KeyKind, keyDeclarations } from './key-declarations.ts';
import { findOr404 } from './resource-routes.ts';
import { withoutDigest } from './shown-entry.ts';

type Params = Readonly<Record<string, string>>;
type Value = Readonly<Record<string, unknown>>;

/** Reads when keys were last used. */
export interface KeyUseReader {
  keyUses(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** Making, reading, rotating and revoking keys of one kind. A secret is in one answer only. */
export function keyRoutes(kind: KeyKind, writer: ConfigurationWriter, uses: KeyUseReader): Route[] {
  const { create, list, get, rotate, revoke } = keyDeclarations(kind);
  const handlers = new KeyHandlers(kind, writer, uses);
  return [
    { ...create, handle: (request, response) => handlers.create(request, response) },
    { ...list, handle: (request, response) => handlers.list(request, response) },
    { ...get, handle: (request, response) => handlers.get(request, response) },
    { ...rotate, handle: (request, response) => handlers.rotate(request, response) },
    { ...revoke, handle: (request, response) => handlers.revoke(request, response) },
  ];
}

class KeyHandlers {
  readonly #kind: KeyKind;
  readonly #writer: ConfigurationWriter;
  readonly #uses: KeyUseReader;

  constructor(kind: KeyKind, writer: ConfigurationWriter, uses: KeyUseReader) {
    this.#kind = kind;
    this.#writer = writer;
    this.#uses = uses;
  }

  async create(request: Request<Params>, response: Response): Promise<void> {
    const body = parsedBody(this.#kind.schema, request.body);
    await this.#ownerOr404(request.params);
    const id = randomUUIDv7();
    const secret = this.#newSecret();
    const value = { id, ...this.#kind.owner(request.params), ...body, digest: digestOf(secret) };
    const document = await this.#change(request, { id, action: 'create', next: () => value });
    this.#answerSecret(response.status(201), document, secret);
  }

  async list(request: Request<Params>, response: Response): Promise<void> {
    const { limit, after } = pageOf(request);
    await this.#ownerOr404(request.params);
    const prefix = this.#storeKey(request.params, '');
    const matching = (await this.#writer.documents())
      .filter(({ kind, key }) => kind === this.#kind.name && key.startsWith(prefix))
      .filter(({ key }) => after === null || key > prefix + after)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const items = await this.#shown(matching.slice(0, limit));
    response.json({ items, next: matching.length > limit ? items.at(-1)?.['id'] : null });
  }

  async get(request: Request<Params>, response: Response): Promise<void> {
    const document = findOr404(
      await this.#writer.documents(),
      this.#kind.name,
      this.#storeKey(request.params, request.params['id'] ?? ''),
      'key',
    );
    const [shown] = await this.#shown([document]);
    response.setHeader('etag', etagOf(document)).json(shown);
  }

  async rotate(request: Request<Params>, response: Response): Promise<void> {
    const { overlapSeconds } = parsedBody(rotationSchema, request.body ?? {});
    const secret = this.#newSecret();
    const validUntil = new Date(contextOf(response).arrivedAt + overlapSeconds * 1_000).toISOString();
    const document = await this.#change(request, {
      id: request.params['id'] ?? '',
      action: 'rotate',
      next: (current) => ({
        ...current,
        digest: digestOf(secret),
        previous: { digest: current['digest'], validUntil },
      }),
    });
    this.#answerSecret(response, document, secret);
  }

  async revoke(request: Request<Params>, response: Response): Promise<void> {
    await this.#change(request, { id: request.params['id'] ?? '', action: 'delete', next: () => null });
    response.status(204).end();
  }

  #change(
    request: Request<Params>,
    {
      id,
      action,
      next,
    }: {
      readonly id: string;
      readonly action: string;
      readonly next: (current: Value) => Record<string, unknown> | null;
    },
  ): Promise<StoredDocument | null> {
    return this.#writer.change({
      kind: this.#kind.name,
      key: this.#storeKey(request.params, id),
      action,
      actor: actorOf(request),
      next: (current) => {
        if (action === 'create') return next({});
        if (current === null) throw new Problem('not-found', `there is no key "${id}"`);
        checkIfMatch(request, current, { required: false });
        return next(current.value);
      },
    });
  }

  async #ownerOr404(params: Params): Promise<void> {
    const { tenant } = params;
    if (tenant !== undefined) findOr404(await this.#writer.documents(), 'tenants', tenant);
  }

  async #shown(documents: readonly StoredDocument[]): Promise<Record<string, unknown>[]> {
    const uses = await this.#uses.keyUses(documents.map(({ value }) => String(value['id'])));
    return documents.map(({ value, createdAt }) => ({
      ...withoutDigest(value),
      createdAt,
      lastUsedAt: uses.get(String(value['id'])) ?? null,
    }));
  }

  #storeKey({ tenant }: Params, id: string): string {
    return tenant === undefined ? id : `${tenant}/${id}`;
  }

  /** 256 random bits behind a prefix that secret scanners can look for. */
  #newSecret(): string {
    return `${this.#kind.secretPrefix}${randomBytes(32).toString('base64url')}`;
  }

  #answerSecret(response: Response, document: StoredDocument | null, secret: string): void {
    if (document === null) throw new Error('a key that was made is not there');
    response
      .setHeader('cache-control', 'no-store')
      .setHeader('etag', etagOf(document))
      .json({ ...withoutDigest(document.value), secret });
  }
}
