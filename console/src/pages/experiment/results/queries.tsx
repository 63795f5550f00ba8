import { Accordion, Button, Code, CopyButton, Stack, Text, Title } from '@mantine/core';
import type { Results } from '../../../api/results.ts';

/** The SQL that each metric's moments come from, to be run by anybody who doubts them. */
export function Queries({ results }: { readonly results: Results }) {
  return (
    <Stack gap="xs">
      <Title order={2}>How to check it</Title>
      <Text size="sm" c="dimmed">
        Each query gives, over the lake’s own files, the units, means and variances that the numbers above are
        made of.
      </Text>
      <Accordion variant="separated" order={3}>
        {Object.entries(results.queries).map(([metric, query]) => (
          <Accordion.Item key={metric} value={metric}>
            <Accordion.Control>{metric}</Accordion.Control>
            <Accordion.Panel>
              <Query text={query} />
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </Stack>
  );
}

function Query({ text }: { readonly text: string }) {
  return (
    <Stack gap="xs">
      <Code block tabIndex={0}>
        {text}
      </Code>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Button variant="default" size="compact-sm" w="fit-content" onClick={copy}>
            {copied ? 'Copied' : 'Copy'}
          </Button>
        )}
      </CopyButton>
    </Stack>
  );
}
