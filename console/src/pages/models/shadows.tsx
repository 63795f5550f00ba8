import { Code, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { type ShadowTraffic, useTraffic } from '../../api/traffic.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { count, figure } from '../../parts/format.ts';

const HOURS = 24;

/** Targets that get copies of requests: how their answers differ from those that clients got. */
export function Shadows() {
  const shadows = useTraffic(HOURS).data?.shadows ?? [];
  if (shadows.length === 0) return null;
  return (
    <Stack gap="xs">
      <Title order={2}>Shadows</Title>
      <Text size="sm" c="dimmed">
        Of the last {HOURS} hours. Nobody gets a shadow’s answer.
      </Text>
      <DataTable
        caption="Shadow differences"
        rows={shadows}
        keyOf={keyOf}
        columns={[
          { title: 'Shadow', cell: ({ target }) => target },
          { title: 'Endpoint', cell: ({ endpoint }) => endpoint },
          { title: 'Copies', numeric: true, cell: ({ calls }) => count(calls) },
          { title: 'Fail', numeric: true, cell: ({ failed }) => count(failed) },
          { title: 'Same answer', numeric: true, cell: ({ same }) => count(same) },
          { title: 'Another answer', numeric: true, cell: ({ different }) => count(different) },
          {
            title: 'Mean distance',
            numeric: true,
            cell: ({ distance }) => (distance === null ? '—' : figure(distance)),
          },
          {
            title: 'Same top of ranking',
            numeric: true,
            cell: ({ overlap }) => (overlap === null ? '—' : `${(100 * overlap).toFixed(1)}%`),
          },
          { title: 'p95, ms', numeric: true, cell: ({ p95Ms }) => figure(p95Ms) },
        ]}
      />
      {shadows.map((shadow) => (
        <SideBySide key={keyOf(shadow)} shadow={shadow} />
      ))}
    </Stack>
  );
}

const keyOf = ({ endpoint, target }: ShadowTraffic) => `${endpoint}/${target}`;

/** The excerpt of one request: what the client got, and what the shadow said. */
function SideBySide({ shadow: { target, endpoint, sample } }: { readonly shadow: ShadowTraffic }) {
  const [client, other] = /^client: ([\s\S]*)\nshadow: ([\s\S]*)$/.exec(sample ?? '')?.slice(1) ?? [];
  if (client === undefined || other === undefined) return null;
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }}>
      {[
        { name: `What a client of ${endpoint} got`, text: client },
        { name: `What ${target} said`, text: other },
      ].map(({ name, text }) => (
        <Stack key={name} gap={4}>
          <Text size="sm" fw={600}>
            {name}
          </Text>
          <Code block tabIndex={0}>
            {text}
          </Code>
        </Stack>
      ))}
    </SimpleGrid>
  );
}
