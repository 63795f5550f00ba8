import { Button, Progress, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { askJson } from '../../api/client.ts';
import { useMay } from '../../api/identity.ts';
import { Empty } from '../../parts/empty.tsx';
import { FailureAlert } from '../../parts/failure-alert.tsx';
import { DEMO } from './register-demo.ts';
import { type DemoProgress, runDemo } from './run-demo.ts';

interface FirstRunProps {
  /** While it runs the installation is not empty any more, and the page should stay. */
  readonly onTrying: (trying: boolean) => void;
}

/** An installation with nothing in it: something real to look at in one click, or the first steps of one's own. */
export function FirstRun({ onTrying }: FirstRunProps) {
  const may = useMay();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const [progress, setProgress] = useState<DemoProgress | null>(null);
  const demo = useMutation({
    mutationFn: async () => {
      onTrying(true);
      await runDemo(setProgress);
      await askJson(`/admin/v1/experiments/${DEMO.experiment}/results?fresh=true`);
    },
    onSuccess: async () => {
      await queries.invalidateQueries();
      navigate(`/experiments/${DEMO.experiment}`);
    },
  });
  return (
    <Empty
      title="Nothing here yet"
      action={
        may.administer ? (
          <Stack gap="sm" w="100%" align="center">
            <Button onClick={() => demo.mutate()} loading={demo.isPending}>
              Try the demo
            </Button>
            {demo.isPending && progress !== null && (
              <>
                <Progress value={100 * progress.done} w="100%" aria-label="How far the demo is" />
                <Text size="sm" role="status">
                  {progress.doing}
                </Text>
              </>
            )}
            <FailureAlert of={demo} />
            <Button component={Link} href="/tenants" variant="subtle" size="compact-sm">
              Begin with a tenant of your own
            </Button>
          </Stack>
        ) : (
          <Text size="sm">An administrator can put the demo here, or your own models.</Text>
        )
      }
    >
      The demo registers a small model that comes with the gateway, starts an experiment over its two
      versions, and lets 700 visitors have real films ranked. It goes through the same API as everything else,
      and can be deleted again.
    </Empty>
  );
}
