import { type BsonDocument, flagField, toNumber } from './bson-document.ts';
import { CommandError } from './command-error.ts';

/**
 * Compiles `{ a: 1, b: 1 }` (only these fields, and `_id` unless it is switched off) or `{ a: 0 }` (all but
 * these) to a function of a document. Dotted paths, operators and mixtures are refused.
 */
export function compileProjection(projection: BsonDocument): (document: BsonDocument) => BsonDocument {
  const fields = Object.keys(projection).filter((field) => field !== '_id');
  for (const [field, value] of Object.entries(projection)) {
    const isFlag = typeof value === 'boolean' || toNumber(value) !== undefined;
    if (field.includes('.') || field.startsWith('$') || !isFlag) {
      throw new CommandError('BadValue', `projection: "${field}" must be a field's name with 1 or 0`);
    }
  }
  const kept = fields.filter((field) => flagField(projection, field, false));
  if (kept.length !== 0 && kept.length !== fields.length) {
    throw new CommandError('BadValue', 'a projection either includes or excludes fields, not both');
  }
  const withId = flagField(projection, '_id', true);
  const including = kept.length > 0 || (fields.length === 0 && withId && '_id' in projection);
  const named = new Set(fields);
  return (document) =>
    Object.fromEntries(
      Object.entries(document).filter(([field]) =>
        field === '_id' ? withId : named.has(field) === including,
      ),
    );
}
