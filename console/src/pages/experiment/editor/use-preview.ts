import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { askJson } from '../../../api/client.ts';
import { type Draft, toRequest } from './draft.ts';

/** Long enough not to count at every letter. */
const SETTLE_MS = 600;

/** What the gateway says that a draft would meet, as it is typed; the last answer stands until the next one is there. */
export function usePreview<Answer>(
  of: 'power' | 'audience',
  draft: Draft,
  { enabled, ...parameters }: { readonly enabled: boolean } & Readonly<Record<string, unknown>>,
) {
  const { endpoint, unit, audience, allocation, variants, metrics } = toRequest(draft);
  // A draft has no key while it is being named; nothing was measured under this one.
  const experiment = {
    key: draft.key === '' ? 'draft' : draft.key,
    endpoint,
    unit,
    audience,
    allocation,
    variants,
    ...(metrics === undefined ? {} : { metrics }),
  };
  const body = JSON.stringify({ experiment, ...parameters });
  const [settled] = useDebouncedValue(body, SETTLE_MS);
  return useQuery({
    queryKey: ['preview', of, settled],
    queryFn: () => askJson<Answer>(`/admin/v1/drafts/${of}`, { method: 'POST', body: JSON.parse(settled) }),
    enabled: enabled && endpoint !== '',
    placeholderData: (previous) => previous,
    retry: false,
    staleTime: 60_000,
  });
}
