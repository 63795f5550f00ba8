import { Provider as AwsProvider } from '@pulumi/aws/provider.js';
import { Provider as GcpProvider } from '@pulumi/gcp/provider.js';
import { getProject, getStack, RunError, runtime } from '@pulumi/pulumi';
import { AwsBuckets } from './aws/buckets.ts';
import type { BucketUris } from './bucket-uris.ts';
import { GcpBuckets } from './gcp/buckets.ts';
import { type Placement, planPlacement } from './placement.ts';

/**
 * The Pulumi program: everything that the stack's configuration asks for, and the stack's outputs by cloud.
 * Throws one RunError that lists every issue of the configuration before it makes the first resource.
 */
export default function deploy(): Readonly<Record<string, BucketUris>> {
  const planned = planPlacement(getStack(), settings());
  if (!planned.ok) {
    throw new RunError(['The stack cannot be planned:', ...planned.issues].join('\n  '));
  }
  const { tags, aws, gcp } = planned.placement;
  return { ...(aws && { aws: inAws(aws, tags) }), ...(gcp && { gcp: inGcp(gcp, tags) }) };
}

function inAws(
  { accountId, buckets }: NonNullable<Placement['aws']>,
  tags: Record<string, string>,
): BucketUris {
  const provider = new AwsProvider('aws', {
    region: buckets.region,
    allowedAccountIds: [accountId],
    defaultTags: { tags },
  });
  const { modelsUri, lakeUri } = new AwsBuckets('aws', buckets, { provider });
  return { modelsUri, lakeUri };
}

function inGcp(
  { project, buckets }: NonNullable<Placement['gcp']>,
  tags: Record<string, string>,
): BucketUris {
  const provider = new GcpProvider('gcp', { project, region: buckets.region, defaultLabels: tags });
  const { modelsUri, lakeUri } = new GcpBuckets('gcp', buckets, { provider });
  return { modelsUri, lakeUri };
}

/** Every setting of this project by its key: one that is misspelt is an issue too, not a silence. */
function settings(): Record<string, string> {
  const prefix = `${getProject()}:`;
  return Object.fromEntries(
    Object.entries(runtime.allConfig())
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), value]),
  );
}
