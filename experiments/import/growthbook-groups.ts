import { z } from 'zod';
import { keyFrom, type Read, skip } from './imported.ts';

/** A saved group: a list, as older payloads have it bare, or a condition. */
export const savedGroupSchema = z.union([
  z.array(z.union([z.string(), z.number()])),
  z.looseObject({
    type: z.literal('list'),
    values: z.array(z.union([z.string(), z.number()])),
    attributeKey: z.string().optional(),
  }),
  z.looseObject({ type: z.literal('condition'), condition: z.record(z.string(), z.unknown()) }),
]);
type SavedGroup = z.infer<typeof savedGroupSchema>;

/** Longer lists are uploaded. */
const MAX_VALUES = 10_000;

/** Saved groups as segments of the same names. */
export function readGroups(groups: Readonly<Record<string, SavedGroup>>): Read[] {
  return Object.entries(groups).flatMap(([id, group]) => readGroup(id, group));
}

function readGroup(id: string, group: SavedGroup): Read[] {
  const path = `/savedGroups/${id}`;
  const key = keyFrom(id);
  if (!Array.isArray(group) && group.type === 'condition') {
    return [{ kind: 'segment', path, draft: { key, condition: withSegments(group.condition) } }];
  }
  const { values, attributeKey } = Array.isArray(group) ? { values: group } : group;
  const draft = { key, ...(attributeKey === undefined ? {} : { attribute: attributeKey }) };
  if (values.length <= MAX_VALUES) return [{ kind: 'segment', path, draft: { ...draft, values } }];
  const message = `its ${values.length} values are more than are written at once: upload them to segment "${key}", which is empty until then`;
  return [{ kind: 'segment', path, draft }, skip(path, 'upload', message)];
}

const NAMES_A_GROUP = new Set(['$inGroup', '$notInGroup']);

/** A condition with its groups by the keys of their segments. */
export function withSegments(condition: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(condition).map(([name, operand]) => [name, renamed(name, operand)]),
  );
}

function renamed(name: string, operand: unknown): unknown {
  if (typeof operand === 'string') return NAMES_A_GROUP.has(name) ? keyFrom(operand) : operand;
  if (Array.isArray(operand)) return operand.map((one) => renamed('', one));
  if (typeof operand !== 'object' || operand === null) return operand;
  const inner = operand as Record<string, unknown>;
  const { id } = inner;
  return name === '$savedGroup' && typeof id === 'string'
    ? { ...inner, id: keyFrom(id) }
    : withSegments(inner);
}
