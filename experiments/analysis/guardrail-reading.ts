export interface GuardrailReading {
  /** Natural logarithm of the evidence that the variant is worse than what is tolerated. */
  readonly logEvidence: number;
  /** Always-valid, one-sided: of a variant within tolerance ever at or below x with probability at most x. */
  readonly p: number;
  readonly breached: boolean;
}

/** A reading at a level: breached once the evidence reaches 1 / alpha (Ville's inequality). */
export function readingOf(logEvidence: number, alpha: number): GuardrailReading {
  return {
    logEvidence,
    p: Math.min(1, Math.exp(-logEvidence)),
    breached: logEvidence >= Math.log(1 / alpha),
  };
}
