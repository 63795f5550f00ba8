type Value = Readonly<Record<string, unknown>>;

/** What the gateway keeps beside an experiment is shown where it matters. */
const KEPT_BESIDE = 'status';

/** What differs between two versions of a thing, a line per field. */
export function changesBetween(before: Value, after: Value): string[] {
  const fields = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...fields]
    .filter(
      (field) => field !== KEPT_BESIDE && JSON.stringify(before[field]) !== JSON.stringify(after[field]),
    )
    .map((field) => `${field}: ${shown(before[field])} → ${shown(after[field])}`);
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}
