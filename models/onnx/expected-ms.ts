import type { Tensor } from '../codecs/tensor.ts';
import { rowsOf } from './batch.ts';
import type { ModelProfile } from './model-profile.ts';

/** What a request takes, ms, by what was measured: per row where rows are independent, else per element. */
export function expectedMs(
  { runMs, rowMs, sampleElements }: ModelProfile,
  inputs: readonly Tensor[],
): number {
  const rows = rowMs === null ? null : rowsOf(inputs);
  if (rowMs !== null && rows !== null) return runMs + Math.max(0, rows - 1) * rowMs;
  const elements = inputs.reduce((sum, { data }) => sum + data.length, 0);
  return runMs * Math.max(1, elements / Math.max(1, sampleElements));
}
