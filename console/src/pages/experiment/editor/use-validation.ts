import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { api, unwrap } from '../../../api/client.ts';
import { asProblem, type ProblemIssue } from '../../../api/problem.ts';
import { type Draft, toRequest } from './draft.ts';

/** Long enough not to ask at every letter, short enough to feel live. */
const SETTLE_MS = 350;

export interface Validation {
  /** What keeps it from being saved. */
  readonly issues: readonly ProblemIssue[];
  /** What is legal but unwise. */
  readonly warnings: readonly ProblemIssue[];
  readonly checking: boolean;
}

/** What the gateway says of a draft as it is typed: it is asked to save it, and not to. */
export function useValidation(
  draft: Draft,
  { revision, enabled }: { readonly revision: number | null; readonly enabled: boolean },
): Validation {
  const [settled] = useDebouncedValue(draft, SETTLE_MS);
  const { data, isFetching } = useQuery({
    queryKey: ['validation', revision, settled],
    queryFn: () => tryOut(settled, revision),
    enabled,
    placeholderData: (previous) => previous,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  });
  if (!enabled) return NOTHING;
  return { issues: data?.issues ?? [], warnings: data?.warnings ?? [], checking: isFetching };
}

const NOTHING: Validation = { issues: [], warnings: [], checking: false };

async function tryOut(draft: Draft, revision: number | null): Promise<Omit<Validation, 'checking'>> {
  try {
    const answer: unknown = await (revision === null ? tryCreate(draft) : tryReplace(draft, revision));
    const warnings = (answer as { warnings?: readonly ProblemIssue[] }).warnings ?? [];
    return { issues: [], warnings };
  } catch (error) {
    // Not to know whether it is right is a reason not to save it, too.
    const problem = asProblem(error);
    const { issues } = problem;
    return {
      issues: issues.length > 0 ? issues : [{ path: '', code: problem.code, message: problem.message }],
      warnings: [],
    };
  }
}

const tryCreate = (draft: Draft) =>
  unwrap(api.POST('/admin/v1/experiments', { params: { query: { dryRun: true } }, body: toRequest(draft) }));

const tryReplace = (draft: Draft, revision: number) =>
  unwrap(
    api.PUT('/admin/v1/experiments/{key}', {
      params: {
        path: { key: draft.key },
        query: { dryRun: true },
        header: { 'If-Match': `"${revision}"` },
      },
      body: toRequest(draft),
    }),
  );

/** The messages about one field, by its pointer or anything below it. */
export function messagesAt(issues: readonly ProblemIssue[], pointer: string): string[] {
  return issues
    .filter(({ path }) => path === pointer || path.startsWith(`${pointer}/`))
    .map(({ message }) => message);
}
