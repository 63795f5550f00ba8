import type { Collection } from 'mongodb';

/** How far a webhook has come in the log. */
export interface WebhookCursor {
  /** The last revision that is done with. */
  readonly revision: number;
  /** Of the next revision, how many of its changes are done with. */
  readonly done: number;
  /** Attempts at the change after that; 0 when there was none yet. */
  readonly attempts: number;
  /** Milliseconds since the epoch; before it the next attempt is not due. */
  readonly dueAt: number;
}

/** What became of one change on its way to one webhook, as of its last attempt. */
export interface WebhookDelivery {
  /** The id of the message: the same at every attempt. */
  readonly id: string;
  readonly revision: number;
  readonly type: string;
  readonly state: 'delivered' | 'retrying' | 'failed';
  readonly attempts: number;
  /** HTTP status of the last answer; null where there was none. */
  readonly status: number | null;
  /** Why the last attempt failed. */
  readonly error: string | null;
  /** ISO 8601. */
  readonly attemptedAt: string;
}

interface CursorRecord extends WebhookCursor {
  readonly _id: string;
}
interface DeliveryRecord extends WebhookDelivery {
  readonly _id: string;
  readonly webhook: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

const KEPT_MS = 30 * 24 * 60 * 60_000;

/** Where webhooks stand and what they were sent, beside the configuration: none of it is a change of that. */
export class WebhookDeliveries {
  readonly #cursors: Collection<CursorRecord>;
  readonly #deliveries: Collection<DeliveryRecord>;
  readonly #now: () => Date;

  constructor(cursors: Collection<CursorRecord>, deliveries: Collection<DeliveryRecord>, now: () => Date) {
    this.#cursors = cursors;
    this.#deliveries = deliveries;
    this.#now = now;
  }

  async cursor(webhook: string): Promise<WebhookCursor | null> {
    const found = await this.#cursors.findOne({ _id: webhook });
    if (found === null) return null;
    const { _id, ...cursor } = found;
    return cursor;
  }

  async moveCursor(webhook: string, cursor: WebhookCursor): Promise<void> {
    await this.#cursors.replaceOne({ _id: webhook }, { ...cursor }, { upsert: true });
  }

  /** Notes the last attempt of a delivery, and forgets what is a month old. */
  async record(webhook: string, delivery: WebhookDelivery): Promise<void> {
    const now = this.#now().getTime();
    await this.#deliveries.replaceOne(
      { _id: `${webhook}/${delivery.id}` },
      { ...delivery, webhook, expiresAt: now + KEPT_MS },
      { upsert: true },
    );
    await this.#deliveries.deleteMany({ webhook, expiresAt: { $lt: now } });
  }

  /** The delivery of that id, as of its last attempt; null where there is none, or none any more. */
  async find(webhook: string, id: string): Promise<WebhookDelivery | null> {
    const found = await this.#deliveries.findOne({ _id: `${webhook}/${id}` });
    return found === null ? null : deliveryOf(found);
  }

  /** Newest first. */
  async list(
    webhook: string,
    { limit, beforeRevision }: { readonly limit: number; readonly beforeRevision: number | null },
  ): Promise<WebhookDelivery[]> {
    const filter = { webhook, ...(beforeRevision === null ? {} : { revision: { $lt: beforeRevision } }) };
    const found = await this.#deliveries.find(filter).sort({ revision: -1, id: 1 }).limit(limit).toArray();
    return found.map(deliveryOf);
  }

  async forget(webhook: string): Promise<void> {
    await this.#cursors.deleteOne({ _id: webhook });
    await this.#deliveries.deleteMany({ webhook });
  }
}

function deliveryOf({ _id, webhook: _webhook, expiresAt, ...delivery }: DeliveryRecord): WebhookDelivery {
  return delivery;
}
