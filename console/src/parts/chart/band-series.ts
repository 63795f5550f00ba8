/** One line with its band. */
export interface BandLine {
  readonly name: string;
  /** At each of the chart's points; null where there is none yet. */
  readonly points: readonly ({
    readonly estimate: number;
    readonly interval: readonly [number, number] | null;
  } | null)[];
}

export interface BandChartData {
  /** Names the chart, and the file that it is saved as. */
  readonly title: string;
  /** What is on the horizontal axis. */
  readonly xLabel: string;
  /** Where the points are, rising. */
  readonly x: readonly number[];
  /** A point's place in words. */
  readonly xText: (x: number) => string;
  readonly yText: (y: number) => string;
  readonly lines: readonly BandLine[];
}

/** Colours of lines by their order, each clear enough on its theme (3 : 1); never the only difference. */
export const LINE_COLORS = {
  light: ['#4263eb', '#0b7285', '#a61e4d', '#5f3dc4', '#2b8a3e', '#d9480f'],
  dark: ['#91a7ff', '#66d9e8', '#faa2c1', '#b197fc', '#8ce99a', '#ffc078'],
} as const;

/** Dashes of lines by their order, so that they differ without colour too. */
export const LINE_DASHES = [[], [8, 4], [2, 3], [12, 3, 2, 3], [5, 5], [1, 4]] as const;

/** The bounds that hold every estimate and interval, and zero. */
export function yRange(lines: readonly BandLine[]): [number, number] {
  let [low, high] = [0, 0];
  for (const { points } of lines) {
    for (const point of points) {
      if (point === null) continue;
      low = Math.min(low, point.estimate, point.interval?.[0] ?? low);
      high = Math.max(high, point.estimate, point.interval?.[1] ?? high);
    }
  }
  const margin = 0.06 * (high - low || 0.01);
  return [low - margin, high + margin];
}
