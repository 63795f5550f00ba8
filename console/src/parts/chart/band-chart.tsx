import { Button, Group, Skeleton, Stack, Text } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { DataTable } from '../data-table.tsx';
import { saveFile } from '../save-file.ts';
import type { BandChartData } from './band-series.ts';
import { pictureOf } from './picture-of.ts';

// The drawing library is a file of its own, and on its way while the numbers are still being counted.
const drawing = import('./band-canvas.tsx');
const BandCanvas = lazy(async () => ({ default: (await drawing).BandCanvas }));

/** Estimates with their intervals over successive points: as a picture, to be saved as one, and as a table. */
export function BandChart({ data }: { readonly data: BandChartData }) {
  const [canvas, setCanvas] = useState<HTMLCanvasElement | null>(null);
  const [asTable, setAsTable] = useState(false);
  return (
    <Stack gap="xs" component="figure" m={0}>
      <Text component="figcaption" fw={500}>
        {data.title}
      </Text>
      <Text size="sm" c="dimmed">
        {summaryOf(data)}
      </Text>
      {asTable ? (
        <PointTable data={data} />
      ) : (
        <Suspense fallback={<Skeleton height={316} aria-busy />}>
          <BandCanvas data={data} onDrawn={setCanvas} />
        </Suspense>
      )}
      <Group gap="xs">
        <Button
          variant="default"
          size="compact-sm"
          aria-pressed={asTable}
          onClick={() => setAsTable(!asTable)}
        >
          {asTable ? 'Show as a picture' : 'Show as a table'}
        </Button>
        {!asTable && canvas !== null && (
          <Button
            variant="default"
            size="compact-sm"
            onClick={async () => saveFile(`${data.title}.png`, await pictureOf(canvas, data.title))}
          >
            Save as PNG
          </Button>
        )}
      </Group>
    </Stack>
  );
}

/** What the picture shows, for those who do not see it. */
function summaryOf({ lines, x, xText, yText }: BandChartData): string {
  const last = x.at(-1);
  if (last === undefined) return 'Nothing yet.';
  const ends = lines.map(({ name, points }) => {
    const point = points.at(-1) ?? null;
    if (point === null) return `${name}: nothing yet`;
    const bounds =
      point.interval === null
        ? 'without bounds yet'
        : `${yText(point.interval[0])} to ${yText(point.interval[1])}`;
    return `${name}: ${yText(point.estimate)} (${bounds})`;
  });
  return `At ${xText(last)}: ${ends.join('; ')}.`;
}

function PointTable({ data: { title, xLabel, x, xText, yText, lines } }: { readonly data: BandChartData }) {
  const rows = x.flatMap((at, index) =>
    lines.map(({ name, points }) => ({ at, name, point: points[index] ?? null })),
  );
  return (
    <DataTable
      caption={title}
      rows={rows}
      keyOf={({ at, name }) => `${at}/${name}`}
      columns={[
        { title: xLabel, cell: ({ at }) => xText(at) },
        { title: 'Variant', cell: ({ name }) => name },
        {
          title: 'Estimate',
          numeric: true,
          cell: ({ point }) => (point === null ? '—' : yText(point.estimate)),
        },
        { title: 'From', numeric: true, cell: ({ point }) => bound(point?.interval?.[0]) },
        { title: 'To', numeric: true, cell: ({ point }) => bound(point?.interval?.[1]) },
      ]}
    />
  );
  function bound(value: number | undefined): string {
    return value === undefined ? '—' : yText(value);
  }
}
