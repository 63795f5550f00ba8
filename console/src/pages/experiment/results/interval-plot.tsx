import { signedPercent } from '../../../parts/format.ts';
import classes from './interval-plot.module.css';

interface IntervalPlotProps {
  readonly label: string;
  readonly estimate: number | null;
  readonly interval: readonly [number, number] | null;
  /** The scale reaches from −extent to +extent. */
  readonly extent: number;
  readonly tone: 'open' | 'better' | 'worse';
  /** How its values are written; as a share unless given. */
  readonly text?: (value: number) => string;
}

const WIDTH = 140;
const HEIGHT = 22;

/** An estimate and its interval about zero; what lies beyond the scale is cut at its edge. */
export function IntervalPlot({
  label,
  estimate,
  interval,
  extent,
  tone,
  text: textOf = signedPercent,
}: IntervalPlotProps) {
  if (estimate === null || interval === null) return <span>no interval yet</span>;
  const x = (value: number) =>
    WIDTH / 2 + (Math.max(-extent, Math.min(extent, value)) / extent) * (WIDTH / 2 - 4);
  const [low, high] = interval;
  const text = `${label}: ${textOf(estimate)}, interval ${textOf(low)} to ${textOf(high)}`;
  return (
    <svg width={WIDTH} height={HEIGHT} role="img" aria-label={text} className={classes[tone]}>
      <title>{text}</title>
      <line className={classes['zero']} x1={WIDTH / 2} x2={WIDTH / 2} y1={0} y2={HEIGHT} />
      <line className={classes['range']} x1={x(low)} x2={x(high)} y1={HEIGHT / 2} y2={HEIGHT / 2} />
      <circle className={classes['point']} cx={x(estimate)} cy={HEIGHT / 2} r={4} />
    </svg>
  );
}
