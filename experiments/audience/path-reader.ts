/**
 * Reads a dotted path (`tenant.plan`) of a context; what is not there, or is undefined, reads as null. A
 * context is JSON: `__proto__`, `constructor` and whatever else objects and lists inherit finds nothing that
 * the context does not carry itself.
 */
export function pathReader(path: string): (source: unknown) => unknown {
  return path
    .split('.')
    .map(propertyReader)
    .reduce((readParent, readChild) => (source) => readChild(readParent(source)));
}

/** Asking for ownership costs as much again as reading: it is left out where there is nothing to inherit. */
function propertyReader(key: string): (source: unknown) => unknown {
  return key in Object.prototype || key in Array.prototype
    ? (source) => (isIndexable(source) && Object.hasOwn(source, key) ? (source[key] ?? null) : null)
    : (source) => (isIndexable(source) ? (source[key] ?? null) : null);
}

function isIndexable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
