import { Button, CopyButton, Group, Menu } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { api, unwrap } from '../../../api/client.ts';
import type { Results } from '../../../api/results.ts';
import { FailureAlert } from '../../../parts/failure-alert.tsx';
import { saveFile } from '../../../parts/save-file.ts';
import { resultsCsv } from './results-csv.ts';

/** Takes the results elsewhere: as an address, as values, or as one page that needs nothing else. */
export function ShareMenu({ results }: { readonly results: Results }) {
  const { experiment } = results;
  const report = useMutation({
    mutationFn: () =>
      unwrap(
        api.GET('/admin/v1/experiments/{key}/report', {
          params: { path: { key: experiment } },
          parseAs: 'blob',
        }),
      ) as unknown as Promise<Blob>,
    onSuccess: (page) => saveFile(`${experiment}.html`, page),
  });
  return (
    <Group gap="xs">
      <CopyButton value={window.location.href}>
        {({ copied, copy }) => (
          <Button variant="default" size="compact-sm" onClick={copy}>
            {copied ? 'Link copied' : 'Copy link'}
          </Button>
        )}
      </CopyButton>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" size="compact-sm" loading={report.isPending}>
            Export
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            onClick={() =>
              saveFile(`${experiment}.csv`, new Blob([resultsCsv(results)], { type: 'text/csv' }))
            }
          >
            Values as CSV
          </Menu.Item>
          <Menu.Item onClick={() => report.mutate()}>Report as one HTML page</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <FailureAlert of={report} />
    </Group>
  );
}
