/** Numbers as the report shows them. */
export const percent = (share: number): string =>
  `${(100 * share).toLocaleString('en', { maximumSignificantDigits: 3 })} %`;
export const figure = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 4 });
export const count = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 0 });
export const probability = (p: number): string => (p < 0.0001 ? '< 0.0001' : p.toPrecision(2));
