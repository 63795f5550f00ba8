import type { StoredDocument } from '../../experiments/store/configuration-store.ts';
import { type Alias, aliasSchema, stepped } from '../../models/catalogue/alias.ts';
import type { ConfigurationWriter } from '../control-plane/change-configuration.ts';
import { Problem } from '../problems.ts';

const MS_PER_MINUTE = 60_000;
const AUTOMATION_ACTOR = { name: 'automation', key: null, address: null };

export interface AdvanceCanariesOptions {
  readonly writer: Pick<ConfigurationWriter, 'change'>;
  /** The configuration in force. */
  readonly documents: readonly StoredDocument[];
  readonly now: () => Date;
}

/** One round over all aliases: a canary that has held its weight for as long as it should gets the next one. */
export async function advanceCanaries({ writer, documents, now }: AdvanceCanariesOptions): Promise<void> {
  for (const document of documents) {
    if (document.kind !== 'aliases' || dueStep(document, now()) === null) continue;
    const { kind, key } = document;
    // Decided again on what is stored: a breach, or a person, may have come first.
    const next = (current: StoredDocument | null) => {
      const step = current && dueStep(current, now());
      if (step) return step;
      throw new NotDueAnyMore('wrong-state', `alias "${key}" has moved on`);
    };
    try {
      await writer.change({ kind, key, action: 'ramp-step', actor: AUTOMATION_ACTOR, next });
    } catch (error) {
      if (!(error instanceof NotDueAnyMore)) throw error;
    }
  }
}

/** The alias with its next step taken, where it is time. */
function dueStep({ value, updatedAt }: StoredDocument, now: Date): Alias | null {
  const alias = aliasSchema.parse(value);
  const dwellMs = (alias.canary?.dwellMinutes ?? 0) * MS_PER_MINUTE;
  return now.getTime() - Date.parse(updatedAt) < dwellMs ? null : stepped(alias);
}

class NotDueAnyMore extends Problem {}
