import { Button, Stack, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';

interface ConfirmByTypingProps {
  /** What has to be typed. */
  readonly word: string;
  /** What the button says. */
  readonly action: string;
  readonly onConfirm: () => void;
  readonly children: ReactNode;
}

/** For what cannot be undone: it happens only once its name was typed. */
export function ConfirmByTyping({ word, action, onConfirm, children }: ConfirmByTypingProps) {
  const [typed, setTyped] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (typed === word) onConfirm();
      }}
    >
      <Stack>
        {children}
        <TextInput
          label={`Type ${word} to confirm`}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Button type="submit" color="red" disabled={typed !== word}>
          {action}
        </Button>
      </Stack>
    </form>
  );
}
