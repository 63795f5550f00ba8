import { toleranceOf } from '../../experiments/analysis/guardrail.ts';
import { meanGuardrail } from '../../experiments/analysis/mean-guardrail.ts';
import { type GuardrailCounters, WATCHED, type Watched } from './guardrail-counters.ts';

/**
 * Chance that a gateway ever finds harm where there is none, over all guardrails, variants and looks of one comparison
 * together. Far below the analysis's 5 %: several gateways watch, and what they are for is harm that is plain.
 */
const GATEWAY_ALPHA = 0.005;
/** Answers, over both variants, at which the test is the most sensitive. */
const TUNED_AT = 2_000;

/** What one variant does by now surely worse than another. */
export interface Harm {
  readonly guardrail: Watched;
  readonly reason: string;
}

interface Compared {
  /** What the counters have both under. */
  readonly experiment: string;
  readonly control: string;
  readonly variant: string;
  /** Variants that are compared with the control. */
  readonly tests: number;
}

/** Every guardrail that the variant breaches: it is worse than the control by more than is tolerated. Pure. */
export function harmOf(
  counters: GuardrailCounters,
  { experiment, control, variant, tests }: Compared,
): Harm[] {
  const alpha = GATEWAY_ALPHA / (WATCHED.length * Math.max(1, tests));
  return WATCHED.flatMap((guardrail) => {
    const [base, own] = [control, variant].map((key) => counters.moments(experiment, key, guardrail));
    if (base == null || own == null) return [];
    const test = { control: base, variant: own, direction: 'decrease', tunedAt: TUNED_AT } as const;
    const reading = meanGuardrail(test, toleranceOf(guardrail), alpha);
    if (!reading.breached) return [];
    const format = guardrail === 'error-rate' ? percent : milliseconds;
    const reason = `${guardrail} is ${format(own.mean)} in ${variant} and ${format(base.mean)} in ${control}, over ${own.n + base.n} answers of one gateway: more than is tolerated (always-valid p = ${reading.p.toExponential(1)}).`;
    return [{ guardrail, reason }];
  });
}

const percent = (share: number) => `${(100 * share).toPrecision(3)} %`;
const milliseconds = (ms: number) => `${ms.toPrecision(3)} ms`;
