import { Skeleton, Stack, VisuallyHidden } from '@mantine/core';

/** Stands where a page will be, in its rough shape, so that nothing jumps when it comes. */
export function PageSkeleton() {
  return (
    <Stack aria-busy="true">
      <VisuallyHidden role="status">Loading</VisuallyHidden>
      <Skeleton height={30} width={240} />
      <Skeleton height={110} />
      <Skeleton height={220} />
    </Stack>
  );
}
