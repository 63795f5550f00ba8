import { type Html, html } from './html.ts';
import { scaleOf } from './scale.ts';

export interface BandPoint {
  readonly label: string;
  readonly estimate: number;
  readonly interval: readonly [number, number] | null;
}

const WIDTH = 720;
const HEIGHT = 240;
const LEFT = 64;
const BOTTOM = 30;
/** Labels of the horizontal axis that fit beside each other. */
const MOST_LABELS = 8;

/** An estimate over successive points as a line, its interval as a band, around a line of no effect. */
export function bandChart(
  title: string,
  points: readonly BandPoint[],
  format: (value: number) => string,
): Html {
  const bounds = points.flatMap(({ estimate, interval }) => [estimate, ...(interval ?? [])]);
  const { at, ticks } = scaleOf(bounds, [HEIGHT - BOTTOM, 10]);
  const x = (index: number) =>
    points.length === 1
      ? (LEFT + WIDTH) / 2
      : Math.round((LEFT + 10 + (index / (points.length - 1)) * (WIDTH - LEFT - 40)) * 10) / 10;
  const bounded = points.flatMap(({ interval }, index) => (interval === null ? [] : [{ index, interval }]));
  const band = [
    ...bounded.map(({ index, interval }) => `${x(index)},${at(interval[1])}`),
    ...bounded.toReversed().map(({ index, interval }) => `${x(index)},${at(interval[0])}`),
  ];
  const every = Math.max(1, Math.ceil(points.length / MOST_LABELS));
  const last = points.at(-1);
  const summary = last === undefined ? 'no points' : `last, ${last.label}: ${format(last.estimate)}`;
  return html`<svg role="img" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-label="${title}; ${summary}">
${ticks.map(
  (tick) => html`<line class="grid" x1="${LEFT}" x2="${WIDTH - 10}" y1="${at(tick)}" y2="${at(tick)}"/>
<text class="tick" x="${LEFT - 8}" y="${at(tick) + 4}" text-anchor="end">${format(tick)}</text>`,
)}
<line class="zero" x1="${LEFT}" x2="${WIDTH - 10}" y1="${at(0)}" y2="${at(0)}"/>
<polygon class="band" points="${band.join(' ')}"/>
<polyline class="line" points="${points.map(({ estimate }, index) => `${x(index)},${at(estimate)}`).join(' ')}"/>
${points.map(
  (
    { label, estimate, interval },
    index,
  ) => html`<circle class="point" cx="${x(index)}" cy="${at(estimate)}" r="3"><title>${label}: ${format(estimate)}${interval === null ? '' : ` (${format(interval[0])} to ${format(interval[1])})`}</title></circle>
${index % every === 0 ? html`<text class="tick" x="${x(index)}" y="${HEIGHT - 8}" text-anchor="middle">${label}</text>` : null}`,
)}
</svg>`;
}
