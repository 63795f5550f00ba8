/** From numbers to places on an axis, with a few round numbers on it. */
export interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

/** A linear scale that has all values between its ends. */
export function scaleOf(
  values: readonly number[],
  [from, to]: readonly [number, number],
  tickCount = 5,
): Scale {
  const finite = values.filter((value) => Number.isFinite(value));
  const [low, high] = [Math.min(0, ...finite), Math.max(0, ...finite)];
  const span = high - low === 0 ? 1 : high - low;
  const step = roundStep(span / tickCount);
  const [start, end] = [Math.floor(low / step) * step, Math.ceil((low + span) / step) * step];
  const at = (value: number) =>
    Math.round(
      (from + ((Math.min(end, Math.max(start, value)) - start) / (end - start)) * (to - from)) * 10,
    ) / 10;
  const count = Math.round((end - start) / step);
  // Multiples of the step, without the digits that adding steps up would leave.
  const ticks = Array.from({ length: count + 1 }, (_, index) =>
    Number((start + index * step).toPrecision(12)),
  );
  return { at, ticks };
}

/** 1, 2 or 5 times a power of ten, at least as large. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= least) ?? 10;
  return factor * power;
}
