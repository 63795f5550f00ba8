import type {
  AuditEntry,
  ConfigurationStore,
  StoredDocument,
  WebhookCursor,
} from '../../experiments/store/configuration-store.ts';
import { type Webhook, webhookSchema } from '../catalogue/webhook.ts';
import { deliverChange } from './deliver-change.ts';
import type { SendMessage } from './send-message.ts';

const ENTRIES_PER_ROUND = 50;
/** After each failed attempt; past the last the change is given up: about a day in all. */
const BACKOFF_MS = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800].map(
  (seconds) => seconds * 1_000,
);

export interface DispatcherOptions {
  readonly store: ConfigurationStore;
  /** The configuration in force. */
  readonly documents: () => readonly StoredDocument[];
  readonly send: SendMessage;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Tells webhooks of changes, from a cursor over the audit log that survives everything: in order, at least once, each
 * change under an id that stays the same. One that cannot be delivered is tried again with growing pauses while those
 * behind it wait, and given up after a day.
 */
export class WebhookDispatcher {
  readonly #options: DispatcherOptions;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** One round: every webhook gets what is due. */
  async run(signal: AbortSignal): Promise<void> {
    const webhooks = this.#options.documents().filter(({ kind }) => kind === 'webhooks');
    await Promise.all(webhooks.map((document) => this.#tell(document, signal)));
  }

  async #tell(document: StoredDocument, signal: AbortSignal): Promise<void> {
    const { store, now } = this.#options;
    const webhook = webhookSchema.parse(document.value);
    // It hears of what comes after itself.
    let cursor: WebhookCursor = (await store.webhookCursor(webhook.key)) ?? begin(document.revision);
    if (cursor.dueAt > now()) return;
    const entries = await store.auditAfter({ afterRevision: cursor.revision, limit: ENTRIES_PER_ROUND });
    for (const [revision, changes] of Map.groupBy(entries, (entry) => entry.revision)) {
      for (const [index, entry] of changes.entries()) {
        if (signal.aborted) return;
        if (index < cursor.done || !wants(webhook, entry)) continue;
        const next = await this.#deliver(webhook, { entry, index, attempts: cursor.attempts + 1 });
        cursor = { revision: revision - 1, done: index, ...next };
        if (next.dueAt > 0) {
          await store.moveWebhookCursor(webhook.key, cursor);
          return;
        }
        cursor = { ...cursor, done: index + 1 };
        await store.moveWebhookCursor(webhook.key, cursor);
      }
      cursor = begin(revision);
    }
    if (entries.length > 0) await store.moveWebhookCursor(webhook.key, cursor);
  }

  /** Zero `dueAt`: it is done with, delivered or given up. */
  async #deliver(
    webhook: Webhook,
    {
      entry,
      index,
      attempts,
    }: { readonly entry: AuditEntry; readonly index: number; readonly attempts: number },
  ): Promise<Pick<WebhookCursor, 'attempts' | 'dueAt'>> {
    const { id, type, at, result } = await deliverChange(this.#options, webhook, { entry, index });
    const pause = result.ok ? undefined : BACKOFF_MS[attempts - 1];
    const state = result.ok ? 'delivered' : pause === undefined ? 'failed' : 'retrying';
    await this.#options.store.recordWebhookDelivery(webhook.key, {
      id,
      revision: entry.revision,
      type,
      state,
      attempts,
      status: result.status,
      error: result.error,
      attemptedAt: new Date(at).toISOString(),
    });
    return pause === undefined ? { attempts: 0, dueAt: 0 } : { attempts, dueAt: at + pause };
  }
}

const begin = (revision: number): WebhookCursor => ({ revision, done: 0, attempts: 0, dueAt: 0 });

function wants({ enabled, kinds, actions, keys }: Webhook, { kind, action, key }: AuditEntry): boolean {
  const among = (names: readonly string[] | undefined, name: string) =>
    names === undefined || names.includes(name);
  return enabled && among(kinds, kind) && among(actions, action) && among(keys, key);
}
