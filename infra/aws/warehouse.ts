import { Workgroup } from '@pulumi/aws/athena/workgroup.js';
import { CatalogDatabase } from '@pulumi/aws/glue/catalogDatabase.js';
import { CatalogTable } from '@pulumi/aws/glue/catalogTable.js';
import { interpolate, type Output, type Resource } from '@pulumi/pulumi';
import { LAKE_COLUMNS, type LakeColumn } from '../../gateway/pipeline/lake-schema.ts';
import type { AwsPlan } from '../cloud-plan.ts';

/** What Parquet holds, in Hive's words. */
const HIVE_TYPES: Readonly<Record<LakeColumn['type'], string>> = {
  VARCHAR: 'string',
  INTEGER: 'int',
  DOUBLE: 'double',
  BOOLEAN: 'boolean',
  TIMESTAMPTZ: 'timestamp',
  'MAP(VARCHAR, VARCHAR)': 'map<string,string>',
};

/** Nothing of the lake is older. */
const FIRST_DAY = '2026-01-01';
/** A query past it is stopped: a forgotten WHERE costs five dollars, not five hundred. */
const MAX_BYTES_PER_QUERY = 1_000_000_000_000;

/**
 * Tables over the lake for those who outgrow one machine. Partitions are computed from the query, never
 * listed: a file is there for Athena the moment that it is in the lake. A query names its tenant.
 */
export function makeWarehouse(
  plan: AwsPlan,
  {
    lakeBucket,
    keyArn,
    parent,
  }: { readonly lakeBucket: Output<string>; readonly keyArn: Output<string>; readonly parent: Resource },
): void {
  const database = new CatalogDatabase('lake', { name: plan.base.replaceAll('-', '_') }, { parent });
  for (const [kind, columns] of Object.entries(LAKE_COLUMNS)) {
    const location = interpolate`s3://${lakeBucket}/${kind}`;
    new CatalogTable(
      kind,
      {
        name: kind,
        databaseName: database.name,
        tableType: 'EXTERNAL_TABLE',
        parameters: {
          EXTERNAL: 'TRUE',
          classification: 'parquet',
          'projection.enabled': 'true',
          'projection.tenant.type': 'injected',
          'projection.date.type': 'date',
          'projection.date.format': 'yyyy-MM-dd',
          'projection.date.range': `${FIRST_DAY},NOW+1DAYS`,
          'projection.date.interval': '1',
          'projection.date.interval.unit': 'DAYS',
          'storage.location.template': interpolate`${location}/tenant=\${tenant}/date=\${date}`,
        },
        partitionKeys: [
          { name: 'tenant', type: 'string' },
          { name: 'date', type: 'date' },
        ],
        storageDescriptor: {
          location: interpolate`${location}/`,
          inputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
          outputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
          serDeInfo: { serializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' },
          columns: Object.values(columns).map(({ name, type, meaning }) => ({
            name,
            type: HIVE_TYPES[type],
            comment: meaning,
          })),
        },
      },
      { parent },
    );
  }
  new Workgroup(
    'lake',
    {
      name: plan.base,
      configuration: {
        enforceWorkgroupConfiguration: true,
        publishCloudwatchMetricsEnabled: true,
        bytesScannedCutoffPerQuery: MAX_BYTES_PER_QUERY,
        resultConfiguration: {
          outputLocation: interpolate`s3://${lakeBucket}/athena-results/`,
          encryptionConfiguration: { encryptionOption: 'SSE_KMS', kmsKeyArn: keyArn },
        },
      },
    },
    { parent },
  );
}
