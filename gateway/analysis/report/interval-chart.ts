import { type Html, html } from './html.ts';
import { scaleOf } from './scale.ts';

export interface IntervalRow {
  readonly label: string;
  readonly estimate: number;
  /** Null while the data bound nothing. */
  readonly interval: readonly [number, number] | null;
  readonly tone: 'good' | 'bad' | 'open';
}

const WIDTH = 720;
const LABEL_WIDTH = 230;
const ROW_HEIGHT = 34;
const MARGIN = 30;

/** Effects as points with their intervals, one below the other, around a line of no effect. */
export function intervalChart(
  title: string,
  rows: readonly IntervalRow[],
  format: (value: number) => string,
): Html {
  const bounds = rows.flatMap(({ estimate, interval }) => [0, estimate, ...(interval ?? [])]);
  const { at, ticks } = scaleOf(bounds, [LABEL_WIDTH, WIDTH - 20]);
  const height = rows.length * ROW_HEIGHT + MARGIN + 10;
  const bottom = height - MARGIN;
  const summary = rows.map(
    ({ label, estimate, interval }) => `${label}: ${format(estimate)}${intervalText(interval, format)}`,
  );
  return html`<svg role="img" viewBox="0 0 ${WIDTH} ${height}" aria-label="${title}. ${summary.join('; ')}">
${ticks.map(
  (tick) => html`<line class="grid" x1="${at(tick)}" x2="${at(tick)}" y1="4" y2="${bottom}"/>
<text class="tick" x="${at(tick)}" y="${bottom + 18}" text-anchor="middle">${format(tick)}</text>`,
)}
<line class="zero" x1="${at(0)}" x2="${at(0)}" y1="4" y2="${bottom}"/>
${rows.map(({ label, estimate, interval, tone }, index) => {
  const y = 10 + index * ROW_HEIGHT + ROW_HEIGHT / 2 - 5;
  return html`<g class="${tone}"><text x="0" y="${y + 5}">${label}</text>
${interval === null ? null : html`<line class="interval" x1="${at(interval[0])}" x2="${at(interval[1])}" y1="${y}" y2="${y}"/>`}
<circle cx="${at(estimate)}" cy="${y}" r="6"/></g>`;
})}
</svg>`;
}

function intervalText(interval: readonly [number, number] | null, format: (value: number) => string): string {
  return interval === null ? ', no interval yet' : `, ${format(interval[0])} to ${format(interval[1])}`;
}
