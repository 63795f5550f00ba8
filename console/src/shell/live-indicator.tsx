import { Badge, Tooltip } from '@mantine/core';
import type { Connection } from '../api/use-live-updates.ts';

const SHOWN = {
  live: { color: 'teal', label: 'Live', why: 'Changes of the configuration appear here as they happen' },
  connecting: { color: 'gray', label: 'Connecting', why: 'Waiting for the gateway' },
  away: {
    color: 'orange',
    label: 'Offline',
    why: 'The gateway does not answer: what you see may be old. It is tried again every few seconds.',
  },
} as const;

/** Whether what is on the page is the present. */
export function LiveIndicator({ connection }: { readonly connection: Connection }) {
  const { color, label, why } = SHOWN[connection];
  return (
    <Tooltip label={why} multiline w={240}>
      <Badge variant="dot" color={color} role="status" tabIndex={0} tt="none">
        {label}
      </Badge>
    </Tooltip>
  );
}
