/**
 * Where a continuous function that changes sign between `low` and `high` is 0, to the last few digits: regula falsi
 * with the Illinois rule, bisecting where that stalls. Throws RangeError when there is no change of sign.
 */
export function findRoot(f: (x: number) => number, low: number, high: number): number {
  let [a, b, fa, fb] = [low, high, f(low), f(high)];
  if (fa === 0) return a;
  if (fb === 0) return b;
  if (fa > 0 === fb > 0) throw new RangeError(`no change of sign between ${low} and ${high}`);
  for (let step = 0; step < 200; step += 1) {
    const width = Math.abs(b - a);
    if (width <= 4 * Number.EPSILON * Math.max(Math.abs(a), Math.abs(b))) break;
    const secant = (a * fb - b * fa) / (fb - fa);
    const inside = secant > Math.min(a, b) && secant < Math.max(a, b);
    const x = inside && step % 3 !== 2 ? secant : (a + b) / 2;
    const fx = f(x);
    if (fx === 0) return x;
    if (fx > 0 !== fb > 0) [a, fa] = [b, fb];
    else fa /= 2;
    [b, fb] = [x, fx];
  }
  return b;
}
