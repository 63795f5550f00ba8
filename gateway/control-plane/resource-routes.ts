import type { Request, Response } from 'express';
import type { Issue } from '../../experiments/issue.ts';
import type { Actor, StoredDocument } from '../../experiments/store/configuration-store.ts';
import { type Principal, seesOneTenantOnly } from '../access/principal.ts';
import { nestedKey, type ResourceKind } from '../catalogue/resources.ts';
import { contextOf } from '../http/request-context.ts';
import type { Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { actorOf, checkIfMatch, etagOf, isDryRun, parsedBody, representation } from './admin-request.ts';
import type { ConfigurationWriter } from './change-configuration.ts';
import { listQuery } from './list-query.ts';
import { resourceDeclarations } from './resource-declarations.ts';

type Value = Record<string, unknown>;
type Params = Readonly<Record<string, string>>;

/** What a kind of resource does beyond being stored. Each may throw a Problem to refuse. */
export interface ResourceRules {
  /** The stored value of a new thing, from the body as validated. */
  readonly onCreate?: (body: Value, actor: Actor) => Value;
  /** The stored value after a replacement. */
  readonly onReplace?: (current: Value, body: Value, actor: Actor) => Value;
  /** The stored value when a file is applied; `managed` is what the file says of the fields the gateway keeps. */
  readonly onApply?: (
    current: Value | null,
    body: Value,
    said: { readonly managed: Value; readonly actor: Actor },
  ) => Value;
  readonly onDelete?: (current: Value) => void;
  /** Runs before a creation is committed: what must exist first. */
  readonly beforeCreate?: (key: string) => Promise<void>;
  /** What is legal and yet unwise about it as it was just written. */
  readonly warnings?: (before: StoredDocument | null, after: StoredDocument) => readonly Issue[];
  readonly afterDelete?: (key: string) => Promise<void>;
}

interface Answer {
  readonly document: StoredDocument | null;
  readonly key: string;
  /** What a replacement replaced. */
  readonly before?: StoredDocument | null;
}

/** POST and GET of the collection, GET, PUT and DELETE of one: the same for every kind of resource. */
export function resourceRoutes(
  kind: ResourceKind,
  writer: ConfigurationWriter,
  rules: ResourceRules = {},
): Route[] {
  const { create, list, get, replace, remove } = resourceDeclarations(kind);
  const handlers = new ResourceHandlers(kind, writer, rules);
  return [
    { ...create, handle: (request, response) => handlers.create(request, response) },
    { ...list, handle: (request, response) => handlers.list(request, response) },
    { ...get, handle: (request, response) => handlers.get(request, response) },
    ...(kind.immutable === true
      ? []
      : [
          {
            ...replace,
            handle: (request: Request<Params>, response: Response) => handlers.replace(request, response),
          },
        ]),
    { ...remove, handle: (request, response) => handlers.remove(request, response) },
  ];
}

class ResourceHandlers {
  readonly #kind: ResourceKind;
  readonly #writer: ConfigurationWriter;
  readonly #rules: ResourceRules;

  constructor(kind: ResourceKind, writer: ConfigurationWriter, rules: ResourceRules) {
    this.#kind = kind;
    this.#writer = writer;
    this.#rules = rules;
  }

  async create(request: Request<Params>, response: Response): Promise<void> {
    const { name, schema, keyField, singular } = this.#kind;
    const body = parsedBody(schema, request.body);
    const key = this.#storeKey(request.params, String(body[keyField]));
    const dryRun = isDryRun(request);
    const actor = actorOf(request);
    if (!dryRun) await this.#rules.beforeCreate?.(key);
    const document = await this.#writer.change({
      kind: name,
      key,
      action: 'create',
      actor,
      dryRun,
      next: (current) => {
        if (current === null) return this.#rules.onCreate?.(body, actor) ?? body;
        throw new Problem(
          'already-exists',
          `there is a ${singular} "${key}" already: choose another key or replace it by PUT`,
        );
      },
    });
    if (dryRun) return this.#answer(response, { document, key });
    const { pathname } = new URL(request.originalUrl, 'http://gateway');
    response
      .status(201)
      .location(`${pathname.replace(/\/$/, '')}/${encodeURIComponent(String(body[keyField]))}`);
    this.#answer(response, { document, key });
  }

  async list(request: Request<Params>, response: Response): Promise<void> {
    const { name, parent: parentKind } = this.#kind;
    const query = listQuery(request, this.#kind);
    const { model: parent } = request.params;
    const documents = await this.#writer.documents();
    if (parent !== undefined && parentKind !== undefined) findOr404(documents, parentKind, parent);
    const prefix = parent === undefined ? '' : nestedKey(parent, '');
    const { principal } = contextOf(response);
    const matching = documents.filter(
      (document) =>
        document.kind === name && document.key.startsWith(prefix) && isVisible(document, principal),
    );
    const { items, next } = query(matching);
    response.json({ items: items.map(representation), next });
  }

  async get(request: Request<Params>, response: Response): Promise<void> {
    const key = this.#storeKey(request.params, request.params['key'] ?? '');
    const document = findOr404(await this.#writer.documents(), this.#kind.name, key, this.#kind.singular);
    this.#answer(response, { document, key });
  }

  async replace(request: Request<Params>, response: Response): Promise<void> {
    const { name, schema, keyField } = this.#kind;
    const own = request.params['key'] ?? '';
    const key = this.#storeKey(request.params, own);
    const body = parsedBody(schema, request.body);
    if (body[keyField] !== own) {
      throw new Problem(
        'invalid-request',
        `the path says "${own}" and the body "${String(body[keyField])}": a key never changes`,
      );
    }
    const actor = actorOf(request);
    let before: StoredDocument | null = null;
    const document = await this.#writer.change({
      kind: name,
      key,
      action: 'replace',
      actor,
      dryRun: isDryRun(request),
      next: (current) => {
        if (current === null) throw this.#noSuch(key);
        checkIfMatch(request, current, { required: true });
        before = current;
        return this.#rules.onReplace?.({ ...current.value }, body, actor) ?? body;
      },
    });
    this.#answer(response, { document, key, before });
  }

  async remove(request: Request<Params>, response: Response): Promise<void> {
    const key = this.#storeKey(request.params, request.params['key'] ?? '');
    const dryRun = isDryRun(request);
    await this.#writer.change({
      kind: this.#kind.name,
      key,
      action: 'delete',
      actor: actorOf(request),
      dryRun,
      next: (current) => {
        if (current === null) throw this.#noSuch(key);
        checkIfMatch(request, current, { required: true });
        this.#rules.onDelete?.({ ...current.value });
        return null;
      },
    });
    if (!dryRun) await this.#rules.afterDelete?.(key);
    response.status(204).end();
  }

  #storeKey({ model }: Params, key: string): string {
    return model === undefined ? key : nestedKey(model, key);
  }

  #noSuch(key: string): Problem {
    return new Problem('not-found', `there is no ${this.#kind.singular} "${key}"`);
  }

  #answer(response: Response, { document, key, before = null }: Answer): void {
    if (document === null) throw this.#noSuch(key);
    const warnings = this.#rules.warnings?.(before, document);
    const body = { ...representation(document), ...(warnings && { warnings }) };
    response.setHeader('etag', etagOf(document)).json(body);
  }
}

/** A caller who is a tenant-admin and nothing more sees its own tenant only. */
function isVisible({ kind, key }: StoredDocument, principal: Principal | null): boolean {
  if (principal === null || kind !== 'tenants' || !seesOneTenantOnly(principal)) return true;
  return key === principal.tenant;
}

/** The stored thing, or a 404 that names it. */
export function findOr404(
  documents: readonly StoredDocument[],
  kind: string,
  key: string,
  singular: string = kind.replace(/s$/, ''),
): StoredDocument {
  const found = documents.find((document) => document.kind === kind && document.key === key);
  if (found === undefined) throw new Problem('not-found', `there is no ${singular} "${key}"`);
  return found;
}
