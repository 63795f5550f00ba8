import { serialize } from 'bson';
import { type BsonDocument, decodeDocument } from './bson-document.ts';

/** Largest message either way, as MongoDB announces it. */
export const MAX_MESSAGE_BYTES = 48_000_000;

export const HEADER_BYTES = 16;
const MIN_DOCUMENT_BYTES = 5;

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;

const FLAG_MORE_TO_COME = 1 << 1;
/** Bits 0–15 must be understood; only `moreToCome` is (`checksumPresent` is not, nor any later one). */
const REQUIRED_FLAGS = 0xffff;

/** A frame that breaks the protocol: the connection it came on is of no further use. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** One request. `legacy` is the OP_QUERY that drivers open a connection with. */
export interface WireRequest {
  readonly requestId: number;
  readonly body: BsonDocument;
  readonly legacy: boolean;
  readonly wantsAnswer: boolean;
}

/**
 * Parses one whole frame; throws WireError, or bson's BSONError for a malformed document.
 * https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
 */
export function parseMessage(frame: Buffer): WireRequest {
  const requestId = frame.readInt32LE(4);
  switch (frame.readInt32LE(12)) {
    case OP_MSG:
      return { requestId, legacy: false, ...parseOpMsg(frame) };
    case OP_QUERY:
      return { requestId, legacy: true, wantsAnswer: true, body: parseOpQuery(frame) };
    default:
      throw new WireError(`opcode ${frame.readInt32LE(12)} is not supported`);
  }
}

/** The frame that answers a request. */
export function encodeAnswer({ requestId, legacy }: WireRequest, answer: BsonDocument): Buffer {
  const document = serialize(answer);
  // OP_MSG: no flags, one section of kind 0. OP_REPLY: no flags, no cursor, from 0, one document.
  const prefix = Buffer.alloc(legacy ? 20 : 5);
  if (legacy) {
    prefix.writeInt32LE(1, 16);
  }
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeInt32LE(HEADER_BYTES + prefix.byteLength + document.byteLength, 0);
  header.writeInt32LE(requestId, 8);
  header.writeInt32LE(legacy ? OP_REPLY : OP_MSG, 12);
  return Buffer.concat([header, prefix, document]);
}

function parseOpMsg(frame: Buffer): { body: BsonDocument; wantsAnswer: boolean } {
  const flags = slice(frame, HEADER_BYTES, 4).readUInt32LE(0);
  if (flags & REQUIRED_FLAGS & ~FLAG_MORE_TO_COME) {
    throw new WireError(`OP_MSG flags ${flags} are not supported`);
  }
  let body: BsonDocument | undefined;
  const sequences: BsonDocument = {};
  let at = HEADER_BYTES + 4;
  while (at < frame.byteLength) {
    const kind = frame.readUInt8(at);
    const section = sized(frame, at + 1);
    if (kind === 0 && body === undefined) {
      body = decodeDocument(section);
    } else if (kind === 1) {
      Object.assign(sequences, parseSequence(section));
    } else {
      throw new WireError(`OP_MSG section of kind ${kind} is not expected`);
    }
    at += 1 + section.byteLength;
  }
  if (body === undefined) {
    throw new WireError('OP_MSG without a body');
  }
  return { body: { ...body, ...sequences }, wantsAnswer: (flags & FLAG_MORE_TO_COME) === 0 };
}

/** Kind 1: size, name, then documents, which stand for an array field of that name in the body. */
function parseSequence(section: Buffer): BsonDocument {
  const nameEnd = section.indexOf(0, 4);
  if (nameEnd < 0) {
    throw new WireError('a document sequence without a name');
  }
  const documents: BsonDocument[] = [];
  let at = nameEnd + 1;
  while (at < section.byteLength) {
    const bytes = sized(section, at);
    documents.push(decodeDocument(bytes));
    at += bytes.byteLength;
  }
  return { [section.toString('utf8', 4, nameEnd)]: documents };
}

/** Flags, `database.$cmd`, skip, limit, the command. */
function parseOpQuery(frame: Buffer): BsonDocument {
  const nameEnd = frame.indexOf(0, HEADER_BYTES + 4);
  if (nameEnd < 0) {
    throw new WireError('OP_QUERY without a collection');
  }
  const [database, collection] = frame.toString('utf8', HEADER_BYTES + 4, nameEnd).split('.');
  if (collection !== '$cmd') {
    throw new WireError('OP_QUERY is only taken as the command that opens a connection');
  }
  return { ...decodeDocument(sized(frame, nameEnd + 9)), $db: database };
}

/** The bytes of something that begins with its own length, as documents and sequences do. */
function sized(bytes: Buffer, at: number): Buffer {
  const length = slice(bytes, at, 4).readInt32LE(0);
  if (length < MIN_DOCUMENT_BYTES) {
    throw new WireError(`a length of ${length} bytes`);
  }
  return slice(bytes, at, length);
}

function slice(bytes: Buffer, at: number, length: number): Buffer {
  if (at + length > bytes.byteLength) {
    throw new WireError('a frame that ends early');
  }
  return bytes.subarray(at, at + length);
}
