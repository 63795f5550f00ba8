import { Button } from '@mantine/core';
import { useState } from 'react';
import { useMay } from '../../api/identity.ts';
import { useMetrics } from '../../api/queries.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Page } from '../../parts/page.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { NewMetric } from './new-metric.tsx';

/** What is measured. */
export function Metrics() {
  const metrics = useMetrics();
  const may = useMay();
  const [making, setMaking] = useState(false);
  return (
    <Page
      title="Metrics"
      description="What is measured per unit, after it was first exposed"
      actions={may.experiment && !making && <Button onClick={() => setMaking(true)}>New metric</Button>}
    >
      {making && <NewMetric onDone={() => setMaking(false)} />}
      <QueryView query={metrics}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="No metric yet">
              A metric makes a number per unit of the outcomes that tenants report; error rate and latency are
              measured without one.
            </Empty>
          ) : (
            <DataTable
              caption="Metrics"
              rows={all}
              keyOf={({ key }) => key}
              columns={[
                { title: 'Metric', cell: ({ key, name }) => name ?? key },
                { title: 'Key', cell: ({ key }) => key },
                { title: 'Kind', cell: ({ kind }) => kind },
                {
                  title: 'Of',
                  cell: ({ source, event, value }) =>
                    source === 'gateway' ? `the gateway’s ${value ?? ''}` : (event ?? ''),
                },
                {
                  title: 'Better',
                  cell: ({ direction }) => (direction === 'decrease' ? 'lower' : 'higher'),
                },
                { title: 'Description', cell: ({ description }) => description ?? '' },
              ]}
            />
          )
        }
      </QueryView>
    </Page>
  );
}
