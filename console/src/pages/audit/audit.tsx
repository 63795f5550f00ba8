import { Anchor, Code, Modal, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { type AuditEntry, useAudit } from '../../api/queries.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { Empty } from '../../parts/empty.tsx';
import { ago } from '../../parts/format.ts';
import { Page } from '../../parts/page.tsx';
import { QueryView } from '../../parts/query-view.tsx';

/** Who changed what, and when. */
export function Audit() {
  const audit = useAudit();
  const [opened, setOpened] = useState<AuditEntry | null>(null);
  return (
    <Page title="Audit" description="Every change of the configuration, newest first; none can be altered">
      <QueryView query={audit}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nothing has changed yet">
              The first thing that is registered will be the first entry.
            </Empty>
          ) : (
            <DataTable
              caption="Changes"
              rows={items}
              keyOf={({ revision }) => String(revision)}
              columns={[
                { title: 'When', cell: ({ at }) => <time dateTime={at}>{ago(at, Date.now())}</time> },
                { title: 'Who', cell: ({ actor }) => actor.name },
                { title: 'What', cell: ({ action, kind, key }) => `${action} ${kind}/${key}` },
                {
                  title: 'Revision',
                  numeric: true,
                  cell: (entry) => (
                    <Anchor component="button" onClick={() => setOpened(entry)}>
                      {entry.revision}
                    </Anchor>
                  ),
                },
              ]}
            />
          )
        }
      </QueryView>
      <Modal
        opened={opened !== null}
        onClose={() => setOpened(null)}
        size="xl"
        title={`Revision ${opened?.revision ?? ''}`}
      >
        {opened !== null && <BeforeAndAfter entry={opened} />}
      </Modal>
    </Page>
  );
}

function BeforeAndAfter({ entry }: { readonly entry: AuditEntry }) {
  return (
    <Stack>
      <Text>
        {entry.actor.name} ({entry.actor.address ?? 'no address'}), {new Date(entry.at).toLocaleString()}:{' '}
        {entry.action} {entry.kind}/{entry.key}
      </Text>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        {(['before', 'after'] as const).map((side) => (
          <Stack key={side} gap="xs">
            <Title order={2}>{side === 'before' ? 'Before' : 'After'}</Title>
            <Code block>{entry[side] === null ? 'nothing' : JSON.stringify(entry[side], null, 2)}</Code>
          </Stack>
        ))}
      </SimpleGrid>
    </Stack>
  );
}
