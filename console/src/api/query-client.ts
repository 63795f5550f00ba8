import { QueryClient } from '@tanstack/react-query';
import { asProblem } from './problem.ts';

/** What was read is shown at once and read again behind; what the gateway refuses is not asked twice. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) => {
        const { status } = asProblem(error);
        return failures < 2 && (status === 0 || status >= 500);
      },
    },
  },
});
