import { Badge } from '@mantine/core';

const COLORS: Readonly<Record<string, string>> = {
  draft: 'gray',
  'in-review': 'blue',
  running: 'teal',
  paused: 'yellow',
  stopped: 'dark',
  archived: 'dark',
};

/** An experiment's state; never by colour alone. */
export function StateBadge({ state }: { readonly state: string }) {
  return (
    <Badge variant="dot" color={COLORS[state] ?? 'gray'} tt="none">
      {state}
    </Badge>
  );
}
