import 'uplot/dist/uPlot.min.css';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { type BandChartData, LINE_COLORS, LINE_DASHES, yRange } from './band-series.ts';

interface BandCanvasProps {
  readonly data: BandChartData;
  /** Called with what was drawn, to be saved as an image. */
  readonly onDrawn: (canvas: HTMLCanvasElement) => void;
}

const HEIGHT_PX = 280;

/** Lines with bands, drawn anew when the data, the width or the theme change. A picture only: its table says the same. */
export function BandCanvas({ data, onDrawn }: BandCanvasProps) {
  const scheme = useComputedColorScheme('light');
  const host = useRef<HTMLDivElement>(null);
  const drawn = useRef(onDrawn);
  drawn.current = onDrawn;
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const plot = new uPlot(optionsOf(data, { width: element.clientWidth, scheme }), columnsOf(data), element);
    drawn.current(plot.ctx.canvas);
    const resized = new ResizeObserver(() => {
      const { clientWidth: width } = element;
      if (width !== plot.width) plot.setSize({ width, height: HEIGHT_PX });
    });
    resized.observe(element);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [data, scheme]);
  return <div ref={host} aria-hidden style={{ minHeight: HEIGHT_PX + 36, overflow: 'hidden' }} />;
}

/** Estimate, lower and upper bound of each line in turn. */
function columnsOf({ x, lines }: BandChartData): uPlot.AlignedData {
  return [
    [...x],
    ...lines.flatMap(({ points }) => [
      points.map((point) => point?.estimate ?? null),
      points.map((point) => point?.interval?.[0] ?? null),
      points.map((point) => point?.interval?.[1] ?? null),
    ]),
  ];
}

interface Drawing {
  readonly width: number;
  readonly scheme: 'light' | 'dark';
}

function optionsOf(data: BandChartData, { width, scheme }: Drawing): uPlot.Options {
  const ink = scheme === 'dark' ? '#c1c2c5' : '#495057';
  const grid = scheme === 'dark' ? '#373a40' : '#e9ecef';
  const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  const colorOf = (line: number) => LINE_COLORS[scheme][line % LINE_COLORS[scheme].length] ?? ink;
  return {
    width,
    height: HEIGHT_PX,
    scales: { x: { time: false }, y: { range: yRange(data.lines) } },
    axes: [
      {
        ...axis,
        values: (_plot, splits) => splits.map((split) => (data.x.includes(split) ? data.xText(split) : '')),
        splits: (plot) => ticksOf(data.x, plot.width),
      },
      { ...axis, size: 76, values: (_plot, splits) => splits.map(data.yText) },
    ],
    series: [
      { label: data.xLabel, value: (_plot, value) => (value === null ? '—' : data.xText(value)) },
      ...data.lines.flatMap(({ name }, line) => [
        {
          label: name,
          stroke: colorOf(line),
          width: 2,
          dash: [...(LINE_DASHES[line % LINE_DASHES.length] ?? [])],
          points: { show: data.x.length < 40, size: 5, fill: colorOf(line) },
          value: (_plot: uPlot, value: number | null) => (value === null ? '—' : data.yText(value)),
        },
        ...['from', 'to'].map((bound) => ({
          label: bound,
          stroke: `${colorOf(line)}55`,
          width: 1,
          points: { show: false },
          value: (_plot: uPlot, value: number | null) => (value === null ? '—' : data.yText(value)),
        })),
      ]),
    ],
    bands: data.lines.map((_line, line) => ({
      series: [3 * line + 3, 3 * line + 2] as [number, number],
      fill: `${colorOf(line)}22`,
    })),
    hooks: {
      draw: [(plot) => drawZero(plot, ink)],
      // Until somebody points at another one, the last point is told.
      ready: [(plot) => plot.setLegend({ idx: data.x.length - 1 })],
    },
  };
}

/** Pixels that a label of the horizontal axis takes. */
const LABEL_PX = 84;

function ticksOf(x: readonly number[], width: number): number[] {
  const every = Math.max(1, Math.ceil((x.length * LABEL_PX) / Math.max(1, width)));
  return x.filter((_at, index) => index % every === 0);
}

/** The line of no effect. */
function drawZero({ ctx, bbox, valToPos }: uPlot, ink: string): void {
  const y = valToPos(0, 'y', true);
  ctx.save();
  ctx.strokeStyle = ink;
  ctx.setLineDash([4, 4]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}
