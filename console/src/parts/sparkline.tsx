import { count } from './format.ts';
import classes from './sparkline.module.css';

interface SparklineProps {
  /** What was counted: `exposures`. */
  readonly of: string;
  /** The oldest first, over equal times. */
  readonly counts: readonly number[];
  readonly hours: number;
}

const WIDTH = 120;
const HEIGHT = 28;

/** How much there was, at a glance. */
export function Sparkline({ of, counts, hours }: SparklineProps) {
  const most = Math.max(1, ...counts);
  const total = counts.reduce((sum, one) => sum + one, 0);
  const text = `${count(total)} ${of} in the last ${hours} hours`;
  const x = (index: number) => (index / Math.max(1, counts.length - 1)) * (WIDTH - 4) + 2;
  const y = (value: number) => HEIGHT - 2 - (value / most) * (HEIGHT - 4);
  const line = counts.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  return (
    <svg width={WIDTH} height={HEIGHT} role="img" aria-label={text} className={classes['sparkline']}>
      <title>{text}</title>
      <polygon points={`2,${HEIGHT} ${line} ${WIDTH - 2},${HEIGHT}`} />
      <polyline points={line} />
    </svg>
  );
}
