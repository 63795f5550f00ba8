import { type BsonDocument, documentField, refuseUnknownFields, toNumber } from './bson-document.ts';
import type { Command, CommandContext } from './command.ts';
import { CommandError } from './command-error.ts';
import { buildInfo, endSessions, hello, ping, saslStart } from './connection-commands.ts';
import { count, dropDatabase, find, getMore, killCursors } from './read-commands.ts';
import { createIndexes, deleteCommand, findAndModify, insert, update } from './write-commands.ts';

/** Every command there is; any other is refused by name. */
const COMMANDS: ReadonlyMap<string, Command> = new Map(
  Object.entries({
    hello,
    isMaster: hello,
    ismaster: hello,
    ping,
    buildInfo,
    endSessions,
    saslStart,
    find,
    getMore,
    killCursors,
    count,
    insert,
    update,
    delete: deleteCommand,
    findAndModify,
    createIndexes,
    dropDatabase,
  }),
);

/** Fields that any command may carry. Of these only the concerns are read: nothing here waits or has sessions. */
const COMMON_FIELDS = ['$db', '$readPreference', 'lsid', 'comment', 'readConcern', 'writeConcern'];

/** One process and one disk: each of these is kept by every read and every write. */
const READ_CONCERNS = new Set<unknown>([undefined, 'local', 'available', 'majority', 'linearizable']);
const WRITE_CONCERNS = new Set<unknown>([undefined, 'majority', 0, 1]);

/** Answers one command. Total: whatever goes wrong becomes an answer with `ok: 0`, a code and a message. */
export function runCommand(body: BsonDocument, context: CommandContext): BsonDocument {
  try {
    const name = Object.keys(body)[0] ?? '';
    const command = COMMANDS.get(name);
    if (command === undefined) {
      throw new CommandError('CommandNotFound', `no such command: '${name}'`);
    }
    if (context.password !== null && !context.connection.authenticated && command.open !== true) {
      throw new CommandError('Unauthorized', `command ${name} requires authentication`);
    }
    checkCommonFields(name, body);
    if (command.fields !== 'any') {
      refuseUnknownFields(name, body, new Set([name, ...COMMON_FIELDS, ...command.fields]));
    }
    return { ...command.run(body, context), ok: 1 };
  } catch (error) {
    return errorAnswer(error);
  }
}

/** `{ ok: 0, … }`, as every MongoDB driver expects it. */
export function errorAnswer(error: unknown): BsonDocument {
  const known =
    error instanceof CommandError
      ? error
      : new CommandError('InternalError', error instanceof Error ? error.message : String(error));
  const { code, codeName, message, details } = known;
  return { ok: 0, errmsg: message, code, codeName, ...details };
}

function checkCommonFields(name: string, body: BsonDocument): void {
  if ('txnNumber' in body) {
    throw new CommandError(
      'IllegalOperation',
      'Transaction numbers are only allowed on a replica set member: the embedded server has no transactions',
    );
  }
  const { level } = documentField(body, 'readConcern');
  if (!READ_CONCERNS.has(level)) {
    throw new CommandError('InvalidOptions', `${name}: read concern "${String(level)}" is not supported`);
  }
  const { w } = documentField(body, 'writeConcern');
  if (!WRITE_CONCERNS.has(toNumber(w) ?? w)) {
    throw new CommandError(
      'UnsatisfiableWriteConcern',
      `${name}: write concern ${String(w)} asks for more than one server`,
    );
  }
}
