import { pathReader } from '../../experiments/audience/path-reader.ts';

/** Longer texts are no categories. */
const MAX_VALUE_CHARS = 64;
/** Distinct values of one dimension that one process records; the rest are one category. */
const MAX_VALUES = 100;
const OTHER = '(other)';

export type Dimensions = Readonly<Record<string, string>>;

/**
 * Reads the listed attributes of a context as text, and nothing else: numbers and booleans as JSON writes them,
 * what is missing or is no scalar not at all. Whatever would make a dimension fine enough to single somebody out (a
 * long text, a value past the hundredth) is `(other)`.
 */
export function dimensionReader(names: readonly string[]): (context: unknown) => Dimensions {
  const readers = names.map((name) => {
    const read = pathReader(name);
    const known = new Set<string>();
    return { name, categoryIn: (context: unknown) => categoryOf(read(context), known) };
  });
  if (readers.length === 0) return () => NONE;
  return (context) => {
    const found: [string, string][] = [];
    for (const { name, categoryIn } of readers) {
      const value = categoryIn(context);
      if (value !== null) found.push([name, value]);
    }
    return Object.fromEntries(found);
  };
}

const NONE: Dimensions = Object.freeze({});

function categoryOf(value: unknown, known: Set<string>): string | null {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return null;
  const text = String(value);
  if (text.length > MAX_VALUE_CHARS || !text.isWellFormed()) return OTHER;
  if (known.has(text)) return text;
  if (known.size >= MAX_VALUES) return OTHER;
  known.add(text);
  return text;
}
