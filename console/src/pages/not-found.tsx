import { Button } from '@mantine/core';
import { Link } from 'wouter';
import { Empty } from '../parts/empty.tsx';
import { Page } from '../parts/page.tsx';

/** For a path that leads nowhere. */
export function NotFound() {
  return (
    <Page title="There is no such page">
      <Empty
        title="Nothing here"
        action={
          <Button component={Link} href="/">
            To the overview
          </Button>
        }
      >
        The address may be old, or what it named was deleted.
      </Empty>
    </Page>
  );
}
