import type { EvaluationContext } from './audience/compile-audience.ts';
import { pathReader } from './audience/path-reader.ts';
import { total } from './total.ts';

const MAX_UNIT_ID_CHARS = 256;
/** Past so many all are forgotten, and made once more. */
const MAX_READERS = 1_000;

type UnitReader = (context: EvaluationContext) => string | undefined;

const readers = new Map<string, UnitReader>();

/**
 * Reads the id of a unit: the context attribute of that name, or the tenant's key. A string of 1–256
 * characters or a safe integer is an id. Longer strings are not, so that nobody makes a request expensive;
 * other numbers are not, because JSON has rounded them already and distinct units would become one.
 * All the experiments on one unit share its reader.
 */
export function unitReader(unit: string): UnitReader {
  const known = readers.get(unit);
  if (known !== undefined) return known;
  const reader = makeReader(unit);
  if (readers.size >= MAX_READERS) readers.clear();
  readers.set(unit, reader);
  return reader;
}

function makeReader(unit: string): UnitReader {
  const read = total(pathReader(unit === 'tenant' ? 'tenant.key' : unit), null);
  return (context) => {
    const id = read(context);
    if (typeof id === 'number') return Number.isSafeInteger(id) ? String(id) : undefined;
    return typeof id === 'string' && id !== '' && id.length <= MAX_UNIT_ID_CHARS ? id : undefined;
  };
}
