import type { Results } from '../../api/results.ts';

/** Share of exposures answered by a stand-in from which somebody should look. */
const MANY_FALLBACKS = 0.05;
/** Share of failed answers in one cloud from which somebody should look. */
const MANY_ERRORS = 0.02;

/** What in these results somebody should look at, the gravest first. */
export function attentionOf({ sampleRatio, serving, exposures, fallbacks }: Results): string[] {
  const found: string[] = [];
  if (!sampleRatio.ok) {
    found.push(
      `Units do not fall to the variants as the weights say (p = ${sampleRatio.p.toPrecision(2)}): do not trust the numbers.`,
    );
  }
  for (const { cloud, variant, errorRate } of serving) {
    if (errorRate < MANY_ERRORS) continue;
    found.push(
      `${(100 * errorRate).toFixed(1)}% of ${variant} fails ${cloud === null ? 'everywhere' : `in ${cloud}`}.`,
    );
  }
  if (exposures.total > 0 && fallbacks / exposures.total >= MANY_FALLBACKS) {
    found.push(
      `${((100 * fallbacks) / exposures.total).toFixed(1)}% of answers come from a stand-in: a target is down.`,
    );
  }
  return found;
}
