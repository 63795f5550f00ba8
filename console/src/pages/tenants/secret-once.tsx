import { Button, Code, CopyButton, Modal, Stack, Text } from '@mantine/core';

interface SecretOnceProps {
  /** Null while there is none to show. */
  readonly secret: string | null;
  readonly note?: string;
  readonly onClose: () => void;
}

/** A secret, in the one answer that it is ever in. */
export function SecretOnce({ secret, note, onClose }: SecretOnceProps) {
  return (
    <Modal opened={secret !== null} onClose={onClose} title="The secret, shown this once">
      <Stack>
        <Code block>{secret}</Code>
        {note !== undefined && <Text size="sm">{note}</Text>}
        <CopyButton value={secret ?? ''}>
          {({ copied, copy }) => <Button onClick={copy}>{copied ? 'Copied' : 'Copy'}</Button>}
        </CopyButton>
      </Stack>
    </Modal>
  );
}
