import { Dataset } from '@pulumi/gcp/bigquery/dataset.js';
import { Table } from '@pulumi/gcp/bigquery/table.js';
import { interpolate, type Output, type Resource } from '@pulumi/pulumi';
import { LAKE_COLUMNS, type LakeColumn } from '../../gateway/pipeline/lake-schema.ts';
import type { GcpPlan } from '../cloud-plan.ts';

/** What Parquet holds, in BigQuery's words. */
const BIGQUERY_TYPES: Readonly<Record<LakeColumn['type'], object>> = {
  VARCHAR: { type: 'STRING' },
  INTEGER: { type: 'INT64' },
  DOUBLE: { type: 'FLOAT64' },
  BOOLEAN: { type: 'BOOL' },
  TIMESTAMPTZ: { type: 'TIMESTAMP' },
  'MAP(VARCHAR, VARCHAR)': {
    type: 'RECORD',
    fields: [
      {
        name: 'key_value',
        type: 'RECORD',
        mode: 'REPEATED',
        fields: [
          { name: 'key', type: 'STRING' },
          { name: 'value', type: 'STRING' },
        ],
      },
    ],
  },
};

/** Tables over the lake for those who outgrow one machine; BigQuery finds the partitions in the names. */
export function makeWarehouse(
  plan: GcpPlan,
  {
    lakeBucket,
    parent,
    after,
  }: { readonly lakeBucket: Output<string>; readonly parent: Resource; readonly after: readonly Resource[] },
): void {
  const dataset = new Dataset(
    'lake',
    {
      datasetId: plan.base.replaceAll('-', '_'),
      location: plan.region,
      description: 'Exposures and outcomes, read where they lie',
      deleteContentsOnDestroy: false,
    },
    { parent, dependsOn: [...after] },
  );
  for (const [kind, columns] of Object.entries(LAKE_COLUMNS)) {
    const root = interpolate`gs://${lakeBucket}/${kind}`;
    new Table(
      kind,
      {
        datasetId: dataset.datasetId,
        tableId: kind,
        deletionProtection: plan.isProduction,
        externalDataConfiguration: {
          autodetect: false,
          sourceFormat: 'PARQUET',
          sourceUris: [interpolate`${root}/*.parquet`],
          hivePartitioningOptions: {
            mode: 'CUSTOM',
            // The types stand in the prefix: a tenant named 007 stays a text.
            sourceUriPrefix: interpolate`${root}/{tenant:STRING}/{date:DATE}`,
            // A forgotten WHERE is refused rather than paid for.
            requirePartitionFilter: true,
          },
          schema: JSON.stringify(
            Object.values(columns).map(({ name, type, meaning }) => ({
              name,
              ...BIGQUERY_TYPES[type],
              // BigQuery takes every column of an external table as one that may be null.
              mode: 'NULLABLE',
              description: meaning,
            })),
          ),
        },
      },
      { parent },
    );
  }
}
