import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
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

  it('agrees with the mixture sequential probability ratio test of Johari, Pekelis and Walsh', () => {
    interface Look {
      readonly n: number;
      readonly diff: number;
      readonly s2: number;
      readonly tau2: number;
    }
    const { input, expected, tol } = statisticsVector<Look[], { L: number; p: number }[]>('msprt_johari');

    for (const [index, { n, diff, s2, tau2 }] of input.entries()) {
      // A step is one pair of units: its difference has variance 2·s2.
      const log = logMixture((n * diff) / Math.sqrt(2 * s2), n, (2 * s2) / tau2);
      expect(relativeError(Math.exp(log), expected[index]?.L ?? 0)).toBeLessThan(tol);
      expect(relativeError(Math.min(1, Math.exp(-log)), expected[index]?.p ?? 0)).toBeLessThan(tol);
    }
  });

  it("agrees with Statsig's two-sided sequential test", () => {
    interface Arms {
      readonly nc: number;
      readonly nt: number;
      readonly mc: number;
      readonly mt: number;
      readonly vc: number;
      readonly vt: number;
    }
    interface Expected {
      readonly V: number;
      readonly tau: number;
      readonly zstar: number;
      readonly ci: readonly [number, number];
      readonly z: number;
      readonly p: number;
    }
    const { input, expected, tol } = statisticsVector<Arms[], Expected[]>('msprt_statsig');

    for (const [index, { nc, nt, mc, mt, vc, vt }] of input.entries()) {
      const wanted = expected[index];
      if (wanted === undefined) throw new Error('as many expected as given');
      const squaredError = vc / nc + vt / nt;
      const normal = normalQuantile(0.975, 0, 1);
      // Their prior variance is half the squared normal quantile, in squared standard errors; each side gets alpha / 2.
      const tau = (squaredError * normal ** 2) / 2;
      const boundary = mixtureBoundary(1, { alpha: 0.025, rho: squaredError / tau });
      const halfWidth = boundary * Math.sqrt(squaredError);
      const z = (mt - mc) / Math.sqrt(squaredError);
      for (const [found, published] of [
        [squaredError, wanted.V],
        [tau, wanted.tau],
        [boundary, wanted.zstar],
        [mt - mc - halfWidth, wanted.ci[0]],
        [mt - mc + halfWidth, wanted.ci[1]],
        [z, wanted.z],
        // Their p is that of z shrunk as the boundary is wider than one look's.
        [2 * normalCdf((-z * normal) / boundary, 0, 1), wanted.p],
      ] as const)
        expect(relativeError(found, published)).toBeLessThan(tol);
    }
  });
});
