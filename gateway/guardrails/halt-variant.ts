import { type Halt, haltKey, haltSchema } from '../../experiments/halt.ts';
import type { Actor, StoredDocument } from '../../experiments/store/configuration-store.ts';
import type { ConfigurationWriter } from '../control-plane/change-configuration.ts';
import { Problem } from '../problems.ts';

/** Halts a variant, once: false where somebody had done so. Throws what the configuration's store throws. */
export type HaltVariant = (halt: Omit<Halt, 'key'>) => Promise<boolean>;

/** Who acts, for the audit log. */
const ACTOR: Actor = { name: 'guardrails', address: null };

/** By a change of the configuration: it is audited with its reason, and every gateway serves from it at once. */
export function haltBy(writer: Pick<ConfigurationWriter, 'change'>): HaltVariant {
  return async (halt) => {
    const key = haltKey(halt.experiment, halt.variant);
    const next = (current: StoredDocument | null) => {
      if (current === null) return haltSchema.parse({ ...halt, key });
      throw new AlreadyHalted('already-exists', `variant "${halt.variant}" is halted already`);
    };
    try {
      await writer.change({ kind: 'halts', key, action: 'guardrail-breached', actor: ACTOR, next });
      return true;
    } catch (error) {
      if (error instanceof AlreadyHalted) return false;
      throw error;
    }
  };
}

class AlreadyHalted extends Problem {}
