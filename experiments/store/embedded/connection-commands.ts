import { createHash, timingSafeEqual } from 'node:crypto';
import { Binary } from 'bson';
import { MAX_DOCUMENT_BYTES } from './bson-document.ts';
import type { Command } from './command.ts';
import { CommandError } from './command-error.ts';
import { MAX_MESSAGE_BYTES } from './wire-message.ts';

/** The wire version of MongoDB 4.4, the least that the driver takes: nothing newer is claimed. */
const WIRE_VERSION = 9;
const MAX_WRITE_BATCH = 100_000;
const SESSION_TIMEOUT_MINUTES = 30;

/** Name of the only user there is, when there is one. */
export const USER_NAME = 'switchyard';

/**
 * Presents a standalone server: no replica set, hence no transactions and no change streams. Drivers offer here
 * whatever they can do; what the answer does not take up, they do without.
 */
export const hello: Command = {
  fields: 'any',
  open: true,
  run: (command, { connection }) => ({
    helloOk: true,
    isWritablePrimary: true,
    // The legacy spellings carry the legacy field.
    ...('hello' in command ? {} : { ismaster: true }),
    maxBsonObjectSize: MAX_DOCUMENT_BYTES,
    maxMessageSizeBytes: MAX_MESSAGE_BYTES,
    maxWriteBatchSize: MAX_WRITE_BATCH,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: SESSION_TIMEOUT_MINUTES,
    connectionId: connection.id,
    minWireVersion: 0,
    maxWireVersion: WIRE_VERSION,
    readOnly: false,
  }),
};

export const ping: Command = { fields: [], open: true, run: () => ({}) };

export const buildInfo: Command = {
  fields: [],
  open: true,
  run: () => ({ version: '4.4.0', versionArray: [4, 4, 0, 0], modules: ['switchyard-embedded'], bits: 64 }),
};

/** Sessions hold nothing here, so there is nothing to end. */
export const endSessions: Command = { fields: [], open: true, run: () => ({}) };

/** SASL PLAIN (RFC 4616) in one step: the socket is on loopback, and the password lives as long as the server. */
export const saslStart: Command = {
  fields: ['mechanism', 'payload', 'autoAuthorize'],
  open: true,
  run({ mechanism, payload }, { connection, password }) {
    const message = payload instanceof Binary ? Buffer.from(payload.value()).toString('utf8') : '';
    const [, user, offered = ''] = message.split('\0');
    const right =
      mechanism === 'PLAIN' && user === USER_NAME && password !== null && sameText(offered, password);
    if (!right) {
      throw new CommandError(
        'AuthenticationFailed',
        'authentication failed: use PLAIN and the URI of this start',
      );
    }
    connection.authenticated = true;
    return { conversationId: 1, done: true, payload: new Binary() };
  },
};

function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
