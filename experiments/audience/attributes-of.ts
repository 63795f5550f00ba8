import type { Segment } from '../segment.ts';

type Segments = ReadonlyMap<string, Segment>;

/**
 * The attributes that a condition reads, those of the segments that it names included, each once, in order: paths as
 * they are written, `tenant.plan` among them. Assumes a condition that compiles.
 */
export function attributesOf(condition: unknown, segments: Segments): string[] {
  return [...new Set(read(condition, segments))];
}

function read(condition: unknown, segments: Segments): string[] {
  return Object.entries(condition ?? {}).flatMap(([key, operand]) => {
    if (key === '$savedGroup') return readSegment(operand, segments);
    if (!key.startsWith('$')) return [key];
    return [operand].flat().flatMap((part) => read(part, segments));
  });
}

/** `{ id, attributeKey? }`: of a list the attribute that is looked for, of a condition those that it reads. */
function readSegment(operand: unknown, segments: Segments): string[] {
  const { id, attributeKey } = operand as { readonly id: string; readonly attributeKey?: string };
  const segment = segments.get(id);
  if (segment?.condition !== undefined) return read(segment.condition, segments);
  const attribute = attributeKey ?? segment?.attribute;
  return attribute === undefined ? [] : [attribute];
}
