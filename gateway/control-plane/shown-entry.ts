import type { AuditEntry } from '../../experiments/store/configuration-store.ts';
import { API_KEYS, SERVICE_KEYS } from '../catalogue/resources.ts';

type Value = Readonly<Record<string, unknown>>;

/** What is shown of a stored key: a digest is of no use to anyone but a guesser. */
export function withoutDigest(value: Value): Record<string, unknown> {
  const { digest: _digest, previous, ...shown } = value;
  const { validUntil = null } = (previous ?? {}) as { readonly validUntil?: string };
  return { ...shown, previousValidUntil: validUntil };
}

/** An audit entry as it is shown: of a key, everything but its digest. */
export function shownEntry(entry: AuditEntry): AuditEntry {
  if (entry.kind !== API_KEYS && entry.kind !== SERVICE_KEYS) return entry;
  const { before, after } = entry;
  return { ...entry, before: before && withoutDigest(before), after: after && withoutDigest(after) };
}
