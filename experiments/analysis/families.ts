import { benjaminiHochberg } from './benjamini-hochberg.ts';
import type { Comparison } from './comparison.ts';
import { holm } from './holm.ts';
import type { MetricResult } from './metric-result.ts';

type Role = MetricResult['role'];

/**
 * What one experiment asks is asked in families, each corrected by itself. Primary: of several variants none may be
 * called better by chance, so Holm's family-wise correction. Secondary: findings to look into, so Benjamini and
 * Hochberg's false-discovery rate over metrics and variants. Guardrails: left as they are, because a missed harm costs
 * more than an alarm too many.
 */
const CORRECTIONS: Readonly<Record<Role, (ps: readonly number[]) => readonly number[]>> = {
  primary: holm,
  secondary: benjaminiHochberg,
  guardrail: (ps) => ps,
};

/** The metrics with each comparison's p corrected over its family, and `significant` by the corrected p. */
export function correctFamilies(metrics: readonly MetricResult[]): MetricResult[] {
  const adjusted = new Map<Comparison, number>();
  for (const role of Object.keys(CORRECTIONS) as Role[]) {
    const family = metrics.filter((metric) => metric.role === role).flatMap(({ comparisons }) => comparisons);
    const ps = CORRECTIONS[role](family.map(({ p }) => p));
    for (const [index, comparison] of family.entries()) adjusted.set(comparison, ps[index] ?? 1);
  }
  return metrics.map((metric) => ({
    ...metric,
    comparisons: metric.comparisons.map((comparison) => {
      const adjustedP = adjusted.get(comparison) ?? 1;
      return {
        ...comparison,
        adjustedP,
        significant: comparison.significant && adjustedP < comparison.alpha,
      };
    }),
  }));
}
