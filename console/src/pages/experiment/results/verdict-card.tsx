import { Badge, Group, List, Paper, Stack, Text } from '@mantine/core';
import type { Verdict } from '../../../api/results.ts';
import { ago } from '../../../parts/format.ts';

const DECISIONS = {
  ship: { color: 'teal', label: 'Ship' },
  'roll-back': { color: 'red', label: 'Roll back' },
  'keep-running': { color: 'blue', label: 'Keep running' },
  inconclusive: { color: 'gray', label: 'Inconclusive' },
  untrusted: { color: 'orange', label: 'Cannot be trusted' },
} as const;

/** The sentence that most people come for, and what it rests on. */
export function VerdictCard({ verdict, asOf }: { readonly verdict: Verdict; readonly asOf: string }) {
  const { color, label } = DECISIONS[verdict.decision];
  return (
    <Paper withBorder p="lg">
      <Stack gap="sm">
        <Group justify="space-between">
          <Badge variant="dot" color={color} size="lg" tt="none">
            {label}
          </Badge>
          <Text size="sm" c="dimmed">
            Counted <time dateTime={asOf}>{ago(asOf, Date.now())}</time>
          </Text>
        </Group>
        <Text size="lg" fw={500}>
          {verdict.sentence}
        </Text>
        <List size="sm" c="dimmed">
          {verdict.reasons.map((reason) => (
            <List.Item key={reason}>{reason}</List.Item>
          ))}
        </List>
      </Stack>
    </Paper>
  );
}
