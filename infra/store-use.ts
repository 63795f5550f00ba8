/** What a process asks of an object store: the methods of `ObjectStore`. */
export type StoreMethod = 'read' | 'info' | 'write' | 'list' | 'remove';

/**
 * What each process does with each bucket: its permissions are made of this and of nothing else. A test reads
 * the calls out of the code and keeps the two equal.
 */
export const STORE_USE = {
  gateway: { lake: ['list', 'read', 'remove', 'write'], models: ['read'] },
  runner: { lake: [], models: ['info', 'read'] },
} as const satisfies Readonly<Record<string, Readonly<Record<'lake' | 'models', readonly StoreMethod[]>>>>;

export type ProcessName = keyof typeof STORE_USE;
