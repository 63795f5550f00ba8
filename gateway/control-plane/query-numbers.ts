import type { Request } from 'express';
import { Problem } from '../problems.ts';

/** The numbers of a query parameter, comma-separated; none where it is not given. Throws Problem `invalid-request`. */
export function numbersOf(request: Request, name: string): number[] {
  const text = request.query[name];
  if (text === undefined || text === '') return [];
  const numbers = String(text).split(',').map(Number);
  if (numbers.every(Number.isFinite)) return numbers;
  throw new Problem('invalid-request', `${name} must be numbers, comma-separated`);
}

/** The one number of a query parameter, within its limits. Throws Problem `invalid-request`. */
export function numberOf(
  request: Request,
  name: string,
  {
    fallback,
    within: [low, high],
  }: { readonly fallback: number; readonly within: readonly [number, number] },
): number {
  const [value = fallback, ...others] = numbersOf(request, name);
  if (others.length === 0 && value >= low && value <= high) return value;
  throw new Problem('invalid-request', `${name} must be one number from ${low} to ${high}`);
}
