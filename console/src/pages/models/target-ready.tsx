import { Badge } from '@mantine/core';
import { useTargetState } from '../../api/traffic.ts';

interface TargetReadyProps {
  readonly target: string;
  /** Say whose state it is. */
  readonly named?: boolean;
}

/** Whether a target answers now; never by colour alone. */
export function TargetReady({ target, named = false }: TargetReadyProps) {
  const { data, isError } = useTargetState(target);
  const [color, text] = wordsOf(isError ? null : data);
  return (
    <Badge variant="dot" color={color} tt="none" mr={4} aria-busy={data === undefined && !isError}>
      {named ? `${target}: ${text}` : text}
    </Badge>
  );
}

function wordsOf(
  state: { readonly ready: boolean | null; readonly circuitOpen: boolean } | undefined | null,
): [color: string, text: string] {
  if (state === undefined) return ['gray', 'asking'];
  if (state === null) return ['gray', 'cannot be asked'];
  if (state.circuitOpen) return ['red', 'left alone, it fails'];
  if (state.ready === null) return ['gray', 'plain host'];
  return state.ready ? ['teal', 'ready'] : ['red', 'does not answer'];
}
