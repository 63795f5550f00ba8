/** A resource as a policy sees it: what the program asked for, before it is made. */
export interface CheckedResource {
  readonly type: string;
  readonly name: string;
  readonly protect: boolean;
  readonly props: Readonly<Record<string, unknown>>;
}

/** One rule: what is wrong with a resource, or with the stack as a whole; nothing, where all is well. */
export interface Rule {
  readonly name: string;
  readonly description: string;
  readonly check?: (resource: CheckedResource) => readonly string[];
  readonly checkStack?: (resources: readonly CheckedResource[]) => readonly string[];
}

/** A part of a resource's properties, however deep; undefined where there is none. */
export function at(props: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    props,
  );
}

/** The value as a list: IAM writes one of a kind without brackets. */
export const listOf = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** The messages of those conditions that do not hold. */
export const unless = (...conditions: readonly (readonly [holds: boolean, message: string])[]): string[] =>
  conditions.filter(([holds]) => !holds).map(([, message]) => message);
