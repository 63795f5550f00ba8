/** 5,000 basis points → `50%`. */
export function percentOfBp(basisPoints: number): string {
  return `${(basisPoints / 100).toLocaleString('en', { maximumFractionDigits: 2 })}%`;
}

/** 0.0681 → `+6.8%`. */
export function signedPercent(share: number): string {
  return `${sign(share)}${(100 * Math.abs(share)).toLocaleString('en', { maximumFractionDigits: 1, minimumFractionDigits: 1 })}%`;
}

/** A measured number to three digits that count, thousands set apart. */
export function figure(value: number): string {
  return value.toLocaleString('en', {
    maximumSignificantDigits: Math.abs(value) >= 1_000 ? 15 : 3,
    maximumFractionDigits: 3,
  });
}

export function signedFigure(value: number): string {
  return `${sign(value)}${figure(Math.abs(value))}`;
}

/** 165436 → `162 KiB`. */
export function bytes(value: number): string {
  return value < 1_048_576 ? `${figure(Math.ceil(value / 1_024))} KiB` : `${figure(value / 1_048_576)} MiB`;
}

export function count(value: number): string {
  return value.toLocaleString('en');
}

/** `4 minutes ago`, in words that do not change every second. */
export function ago(iso: string, now: number): string {
  const seconds = Math.round((Date.parse(iso) - now) / 1_000);
  const format = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
  }
  return 'just now';
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

const sign = (value: number) => (value > 0 ? '+' : value < 0 ? '−' : '');

/** A p-value, as papers write it. */
export function probability(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}
