import { type BsonDocument, stringField } from './bson-document.ts';
import type { Collections } from './collections.ts';
import { CommandError } from './command-error.ts';
import type { Cursors } from './cursors.ts';

/** What a command works on. `connection` is what one client has done so far. */
export interface CommandContext {
  readonly collections: Collections;
  readonly cursors: Cursors;
  readonly connection: { readonly id: number; authenticated: boolean };
  /** Null when the transport itself keeps strangers out (a socket in a private directory). */
  readonly password: string | null;
}

/** One command: the fields it knows beside its own name and the common ones, and what it answers. */
export interface Command {
  /** `any` ignores what it does not know. */
  readonly fields: readonly string[] | 'any';
  /** Whether it is answered before the client has authenticated. */
  readonly open?: boolean;
  run(command: BsonDocument, context: CommandContext): BsonDocument;
}

/** `database.collection` of a command whose field of that name holds the collection. */
export function namespaceOf(command: BsonDocument, field: string): string {
  const collection = stringField(command, field);
  const database = stringField(command, '$db');
  if (collection === '' || collection.includes('\0') || !isDatabaseName(database)) {
    throw new CommandError(
      'InvalidNamespace',
      'the names of database and collection must not be empty or hold NUL',
    );
  }
  return `${database}.${collection}`;
}

/** A database's name has no dot: the first one ends it in a namespace. */
function isDatabaseName(name: string): boolean {
  return /^[^\0./\\ "$]{1,63}$/.test(name);
}
