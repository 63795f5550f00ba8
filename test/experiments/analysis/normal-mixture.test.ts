import { describe, expect, it } from 'vitest';
import { logMixture, mixtureBoundary, tightestRho } from '../../../experiments/analysis/normal-mixture.ts';
import { relativeError, statisticsVector } from '../../support/statistics-vectors.ts';

describe('the normal mixture', () => {
  it('agrees with confseq at v = 100, alpha = 0.05', () => {
    const { expected, tol } = statisticsVector<object, { rho: number; bound: number; logMix_s10: number }>(
      'cs_normal_mix',
    );
    const rho = tightestRho(100, 0.05);

    expect(relativeError(rho, expected.rho)).toBeLessThan(tol);
    expect(relativeError(mixtureBoundary(100, { alpha: 0.05, rho }), expected.bound)).toBeLessThan(tol);
    expect(relativeError(logMixture(10, 100, rho), expected.logMix_s10)).toBeLessThan(tol);
  });

  it('reaches 1 / alpha on its boundary', () => {
    const boundary = mixtureBoundary(400, { alpha: 0.01, rho: 30 });

    expect(logMixture(boundary, 400, 30)).toBeCloseTo(Math.log(100), 10);
  });
});
