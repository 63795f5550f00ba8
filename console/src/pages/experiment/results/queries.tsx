import { Button, Code, CopyButton, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
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
      {Object.entries(results.queries).map(([metric, query]) => (
        <Query key={metric} metric={metric} text={query} />
      ))}
    </Stack>
  );
}

/** Of many, few are ever opened: nothing of the others is made. */
function Query({ metric, text }: { readonly metric: string; readonly text: string }) {
  const [opened, setOpened] = useState(false);
  return (
    <details onToggle={(event) => setOpened(event.currentTarget.open)}>
      <summary>{metric}</summary>
      {opened && (
        <Stack gap="xs" mt="xs">
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
      )}
    </details>
  );
}
