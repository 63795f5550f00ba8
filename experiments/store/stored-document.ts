/** One object of the configuration. What its `value` means is the business of whoever declared the kind. */
export interface StoredDocument {
  readonly kind: string;
  readonly key: string;
  /** Revision of the whole configuration at which this document last changed. */
  readonly revision: number;
  /** ISO 8601, as is `updatedAt`. */
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** Who made a change: the name of a key, a person or a part of the gateway; never a secret. */
export interface Actor {
  readonly name: string;
  /** Id of the key that it was done with, or how else the caller was known; not given for the gateway itself. */
  readonly key?: string | null;
  readonly address: string | null;
}

/** What to make of one document. */
export interface Change {
  /** Without a slash. */
  readonly kind: string;
  readonly key: string;
  /** For the audit log: `create`, `start`, `ramp-to-zero`, … */
  readonly action: string;
  /** The document's new value, as JSON can carry it; null deletes it. */
  readonly value: Record<string, unknown> | null;
}

/** One committed change. `before` is null for a creation, `after` for a deletion. */
export interface AuditEntry {
  readonly revision: number;
  readonly at: string;
  readonly actor: Actor;
  readonly kind: string;
  readonly key: string;
  readonly action: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}
