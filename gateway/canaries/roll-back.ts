import type { Actor } from '../../experiments/store/configuration-store.ts';
import { aliasSchema, rolledBack } from '../../models/catalogue/alias.ts';
import type { ConfigurationWriter } from '../control-plane/change-configuration.ts';
import { Problem } from '../problems.ts';

interface Harmful {
  /** `model/alias`. */
  readonly alias: string;
  readonly version: string;
  readonly reason: string;
}

/** Takes a canary back, once: false where it is tried no more. Throws what the configuration's store throws. */
export type RollBack = (harmful: Harmful) => Promise<boolean>;

/** Who acts, for the audit log. */
const ACTOR: Actor = { name: 'guardrails', address: null };

/** By a change of the configuration: audited with its reason, told to webhooks, served by every gateway at once. */
export function rollBackBy(writer: Pick<ConfigurationWriter, 'change'>): RollBack {
  return async ({ alias: key, version, reason }) => {
    try {
      await writer.change({
        kind: 'aliases',
        key,
        action: 'guardrail-breached',
        actor: ACTOR,
        next: (current) => {
          const alias = current === null ? null : aliasSchema.parse(current.value);
          if (alias?.canary?.version === version) return rolledBack(alias, reason);
          throw new NotTriedAnyMore('wrong-state', `alias "${key}" does not try "${version}" any more`);
        },
      });
      return true;
    } catch (error) {
      if (error instanceof NotTriedAnyMore) return false;
      throw error;
    }
  };
}

class NotTriedAnyMore extends Problem {}
