/** `JSON` of ECMA-262's "JSON.parse source text access", which TypeScript's library does not describe yet. */
interface JsonWithSource {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
}
const jsonWithSource = JSON as unknown as JsonWithSource;

/** An integer of 16 digits or more, where a value may stand; the same inside a string only costs time. */
const LONG_INTEGER = /[[,:\s]-?\d{16,}(?=[\],}\s])/;
/** 64-bit integers have at most 20 digits; longer ones would only make BigInt slow. */
const INTEGER_64 = /^-?\d{1,20}$/;

/**
 * As JSON.parse, but an integer that a double cannot hold exactly becomes a bigint instead of its neighbour.
 * Throws SyntaxError on text that is not JSON and RangeError on nesting too deep to walk.
 */
export function parseLossless(text: string): unknown {
  if (!LONG_INTEGER.test(text)) return JSON.parse(text);
  return jsonWithSource.parse(text, (_key, value, { source }) =>
    typeof value === 'number' &&
    !Number.isSafeInteger(value) &&
    source !== undefined &&
    INTEGER_64.test(source)
      ? BigInt(source)
      : value,
  );
}

/** What JSON.stringify writes as this integer, digit for digit. */
export function losslessInteger(value: bigint): unknown {
  const asNumber = Number(value);
  return Number.isSafeInteger(asNumber) ? asNumber : jsonWithSource.rawJSON(String(value));
}
