import { Provider as AwsProvider } from '@pulumi/aws/provider.js';
import { Provider as GcpProvider } from '@pulumi/gcp/provider.js';
import { all, Config, getProject, getStack, type Output, RunError, runtime } from '@pulumi/pulumi';
import { AwsCloud, type AwsTwin } from './aws/cloud.ts';
import { twinRoleName, WEB_IDENTITY_AUDIENCE } from './aws/identities.ts';
import { type Catalogue, catalogueOf, type PlacedCloud } from './catalogue.ts';
import type { CloudOutputs } from './cloud-outputs.ts';
import type { AwsPlan, CloudPlan, GcpPlan, Placement } from './cloud-plan.ts';
import { GcpCloud, type GcpTwin } from './gcp/cloud.ts';
import { planPlacement } from './placement.ts';
import type { StackSecrets } from './stack-secrets.ts';

interface StackOutputs {
  readonly url: string;
  readonly aws?: CloudOutputs;
  readonly gcp?: CloudOutputs;
  /** What `npm run targets:sync` registers. */
  readonly catalogue: Output<Catalogue>;
}

/**
 * The Pulumi program: everything that the stack's configuration asks for, and the stack's outputs by cloud.
 * Throws one RunError that lists every issue of the configuration before it makes the first resource.
 */
export default function deploy(): StackOutputs {
  const { texts, secretKeys } = settings();
  const planned = planPlacement(getStack(), texts, secretKeys);
  if (!planned.ok) {
    throw new RunError(['The stack cannot be planned:', ...planned.issues].join('\n  '));
  }
  const { placement } = planned;
  const { tags, aws, gcp } = placement;
  const config = new Config();
  const secrets: StackSecrets = {
    mongodbUri: config.requireSecret('mongodbUri'),
    adminApiKey: config.requireSecret('adminApiKey'),
  };
  // Google Cloud first: of AWS it has to know only names, and AWS's name server has to know its address.
  const inGcp =
    gcp && new GcpCloud(gcp, { secrets, twin: gcpTwin(aws) }, { provider: gcpProvider(gcp, tags) });
  const inAws =
    aws && new AwsCloud(aws, { secrets, twin: awsTwin(gcp, inGcp) }, { provider: awsProvider(aws, tags) });
  return {
    url: `https://${(aws ?? gcp)?.gatewayHost}`,
    ...(inAws && { aws: outputsOf(inAws) }),
    ...(inGcp && { gcp: outputsOf(inGcp) }),
    catalogue: catalogue(placement, { aws: inAws, gcp: inGcp }),
  };
}

function awsProvider({ region, accountId }: AwsPlan, tags: Placement['tags']): AwsProvider {
  return new AwsProvider('aws', { region, allowedAccountIds: [accountId], defaultTags: { tags } });
}

function gcpProvider({ project, region }: GcpPlan, tags: Placement['tags']): GcpProvider {
  return new GcpProvider('gcp', { project, region, defaultLabels: tags });
}

function gcpTwin(aws: AwsPlan | null): GcpTwin | null {
  if (aws === null) return null;
  return {
    callers: { accountId: aws.accountId, gatewayRole: aws.gateway.name },
    environment: {
      AWS_REGION: aws.region,
      AWS_ROLE_ARN: `arn:aws:iam::${aws.accountId}:role/${twinRoleName(aws.base)}`,
      AWS_WEB_IDENTITY_AUDIENCE: WEB_IDENTITY_AUDIENCE,
    },
  };
}

function awsTwin(plan: GcpPlan | null, made: GcpCloud | null): AwsTwin | null {
  if (plan === null || made === null || made.federation === null) return null;
  const { region, weight } = plan;
  return {
    gatewaySubject: made.gatewaySubject,
    federation: made.federation,
    address: plan.gateway.image === null ? null : { ...made.address, region, weight },
  };
}

const outputsOf = (made: CloudOutputs): CloudOutputs => ({
  modelsUri: made.modelsUri,
  lakeUri: made.lakeUri,
  imageRepository: made.imageRepository,
  gatewayAddress: made.gatewayAddress,
  runnerUrl: made.runnerUrl,
  egressAddresses: made.egressAddresses,
});

function catalogue(
  { models, aws, gcp }: Placement,
  made: { readonly aws: CloudOutputs | null; readonly gcp: CloudOutputs | null },
): Output<Catalogue> {
  const placed = [
    ...(aws && made.aws ? [placedIn(aws, made.aws)] : []),
    ...(gcp && made.gcp ? [placedIn(gcp, made.gcp)] : []),
  ];
  return all(placed).apply((places) => catalogueOf(models, places));
}

function placedIn({ cloud, region }: CloudPlan, { runnerUrl, modelsUri }: CloudOutputs): Output<PlacedCloud> {
  return all([runnerUrl, modelsUri]).apply(([url, uri]) => ({
    cloud,
    region,
    runnerUrl: url,
    modelsUri: uri,
  }));
}

/** Pulumi's own word on it, which its types keep to themselves. */
const { isConfigSecret: isSecret } = runtime as unknown as { isConfigSecret(key: string): boolean };

/** Every setting of this project by its key: one that is misspelt is an issue too, not a silence. */
function settings(): { readonly texts: Record<string, string>; readonly secretKeys: ReadonlySet<string> } {
  const prefix = `${getProject()}:`;
  const own = Object.entries(runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
  return {
    texts: Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value])),
    secretKeys: new Set(own.filter(([key]) => isSecret(key)).map(([key]) => key.slice(prefix.length))),
  };
}
