import { suggestion } from '../suggestion.ts';
import { pathReader } from './path-reader.ts';
import {
  type CompiledSegment,
  type OperandCompiler,
  type Predicate,
  refuse,
  type Scope,
  shown,
} from './scope.ts';

/** `$inGroup` and `$notInGroup`: whether the value of a field is in a list. */
export function groupMembership({ within }: { readonly within: boolean }): OperandCompiler {
  return (operand, scope) => {
    const segment = named(operand, scope);
    if (segment === null) return () => false;
    if (segment.kind === 'list') return anyOf(segment.has, within);
    const message = `${shown(operand)} is a condition, which no single value is in: write { "$savedGroup": { "id": ${shown(operand)} } } beside the fields`;
    return refuse(scope, 'not-a-list', message);
  };
}

/**
 * `$savedGroup: { id, attributeKey? }`: whether the context belongs to a segment. Of a list, the value of its
 * attribute, or of the one that stands here, is looked for; a condition names its attributes itself.
 */
export function savedGroup(operand: unknown, scope: Scope): Predicate {
  if (!isReference(operand)) {
    const message = `must be { "id": "key of a segment" }, where it is a list perhaps with "attributeKey", not ${shown(operand)}`;
    return refuse(scope, 'invalid-operand', message);
  }
  const { id, attributeKey } = operand;
  const segment = named(id, scope);
  if (segment === null) return () => false;
  if (segment.kind === 'condition') return segment.matches;
  const attribute = attributeKey ?? segment.attribute;
  if (attribute === null) {
    const message = `${shown(id)} is a list that does not say of which attribute: add "attributeKey" here, or "attribute" to the segment`;
    return refuse(scope, 'no-attribute', message);
  }
  const [read, isMember] = [pathReader(attribute), anyOf(segment.has, true)];
  return (context) => isMember(read(context));
}

/** A list in the context is a member when any of its elements is. */
export function anyOf(has: Predicate, within: boolean): Predicate {
  return (value) => (Array.isArray(value) ? value.some(has) : has(value)) === within;
}

/** The segment of that name, noted as a reference; null where there is none to be asked, which is noted as an issue. */
function named(key: unknown, scope: Scope): CompiledSegment | null {
  const segment = typeof key === 'string' ? scope.segments.get(key) : undefined;
  if (typeof key !== 'string' || segment === undefined) {
    const near = typeof key === 'string' ? suggestion(key, scope.segments.keys()) : undefined;
    const advice = near === undefined ? 'create the segment first' : `did you mean ${shown(near)}?`;
    const message = `${shown(key)} is not the key of a segment: ${advice}`;
    refuse(scope, 'unknown-segment', message, typeof key === 'string' ? { value: key } : {});
    return null;
  }
  if (segment.kind === 'open') {
    const trail = segment.trail.join(' → ');
    refuse(scope, 'segment-cycle', `"${key}" leads back to itself (${trail}): take one of these steps out`);
    return null;
  }
  scope.references.push({ key, segment });
  return segment;
}

function isReference(value: unknown): value is { readonly id: string; readonly attributeKey?: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { id, attributeKey, ...rest } = value as Record<string, unknown>;
  const attributeIsKnown = attributeKey === undefined || typeof attributeKey === 'string';
  return typeof id === 'string' && attributeIsKnown && Object.keys(rest).length === 0;
}
