import { Cluster } from '@pulumi/aws/ecs/cluster.js';
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  interpolate,
  type Output,
  output,
} from '@pulumi/pulumi';
import type { CloudOutputs } from '../cloud-outputs.ts';
import type { AwsPlan } from '../cloud-plan.ts';
import type { StackSecrets } from '../stack-secrets.ts';
import { makeBuckets } from './buckets.ts';
import { makeRecords, type TwinAddress } from './dns.ts';
import { makeFirewall } from './firewall.ts';
import { makeTaskRole, makeTwinRole } from './identities.ts';
import { makeKey } from './key.ts';
import { makeCertificate, makeLoadBalancer, redirectToTls } from './load-balancer.ts';
import { makeMonitoring } from './monitoring.ts';
import { makeNetwork } from './network.ts';
import { makeRegistry } from './registry.ts';
import { makeRunnerIngress } from './runner-ingress.ts';
import { makeSecrets } from './secrets.ts';
import { makeSecurityGroups } from './security-groups.ts';
import { makeService } from './service.ts';
import { makeWarehouse } from './warehouse.ts';

/** What Google Cloud's side of the stack gives AWS's. */
export interface AwsTwin {
  readonly address: TwinAddress | null;
  /** Unique id of the service account that Google's gateways run as. */
  readonly gatewaySubject: Output<string>;
  /** How AWS's gateways get Google's credentials: an `external_account` configuration, which holds no secret. */
  readonly federation: Output<string>;
}

/** All of Switchyard in one region of AWS. */
export class AwsCloud extends ComponentResource implements CloudOutputs {
  readonly modelsUri: Output<string>;
  readonly lakeUri: Output<string>;
  readonly imageRepository: Output<string>;
  readonly gatewayAddress: Output<string>;
  readonly runnerUrl: Output<string | null>;
  readonly egressAddresses: Output<string[]>;

  constructor(
    plan: AwsPlan,
    { secrets, twin }: { readonly secrets: StackSecrets; readonly twin: AwsTwin | null },
    options: ComponentResourceOptions,
  ) {
    super('switchyard:aws:Cloud', 'aws', {}, options);
    const keyArn = makeKey(plan, this);
    const buckets = makeBuckets(plan.buckets, { region: plan.region, keyArn, parent: this });
    const repositoryUrl = makeRegistry(plan, keyArn, this);
    const network = makeNetwork(plan, this);
    const groups = makeSecurityGroups(plan, network, this);
    const cluster = new Cluster(
      'cluster',
      { name: plan.base, settings: [{ name: 'containerInsights', value: 'enabled' }] },
      { parent: this },
    );
    const zoneId = plan.hostedZoneId;
    const runnerCertificateArn = makeCertificate('runner', { host: plan.runnerHost, zoneId, parent: this });
    const gatewayBalancer = makeLoadBalancer(plan, 'gateway', {
      network,
      certificateArn: makeCertificate('gateway', { host: plan.gatewayHost, zoneId, parent: this }),
      securityGroup: groups.publicBalancer,
      isInternal: false,
      parent: this,
    });
    redirectToTls(gatewayBalancer.balancer, this);
    const runnerBalancer = makeLoadBalancer(plan, 'runner', {
      network,
      certificateArn: runnerCertificateArn,
      securityGroup: groups.runnerBalancer,
      isInternal: true,
      parent: this,
    });
    const runnerApiArn = makeRunnerIngress(plan, {
      network,
      groups,
      runner: runnerBalancer,
      certificateArn: runnerCertificateArn,
      parent: this,
    });
    const stores = { models: buckets.models.arn, lake: buckets.lake.arn, key: keyArn };
    const common = { cluster, network, keyArn, repositoryUrl, parent: this };
    const federation: Record<string, Input<string>> = twin === null
      ? {}
      : { GCP_WORKLOAD_IDENTITY: twin.federation };
    const gateway = makeService(plan, 'gateway', {
      ...common,
      securityGroup: groups.gateway,
      taskRole: makeTaskRole(plan, 'gateway', { stores, parent: this }),
      secrets: makeSecrets(plan, { values: secrets, keyArn, parent: this }),
      environment: federation,
      ingress: gatewayBalancer.ingress,
    });
    const runner = makeService(plan, 'runner', {
      ...common,
      securityGroup: groups.runner,
      taskRole: makeTaskRole(plan, 'runner', { stores, parent: this }),
      secrets: {},
      environment: {},
      ingress: runnerBalancer.ingress,
    });
    if (twin !== null) makeTwinRole(plan, { subject: twin.gatewaySubject, runnerApiArn, parent: this });
    makeRecords(plan, { gateway: gatewayBalancer, twin: twin?.address ?? null, parent: this });
    if (plan.modules.has('firewall')) makeFirewall(plan, gatewayBalancer.balancer.arn, this);
    if (plan.modules.has('warehouse'))
      makeWarehouse(plan, { lakeBucket: buckets.lake.bucket, keyArn, parent: this });
    makeMonitoring(plan, {
      clusterName: cluster.name,
      balancers: { gateway: gatewayBalancer, runner: runnerBalancer },
      logGroups: { gateway: gateway.logGroup, runner: runner.logGroup },
      keyArn,
      parent: this,
    });
    this.modelsUri = interpolate`s3://${buckets.models.bucket}/`;
    this.lakeUri = interpolate`s3://${buckets.lake.bucket}/`;
    this.imageRepository = repositoryUrl;
    this.gatewayAddress = gatewayBalancer.balancer.dnsName;
    this.runnerUrl = output(plan.runner.image === null ? null : `https://${plan.runnerHost}`);
    this.egressAddresses = network.egressAddresses;
    this.registerOutputs();
  }
}
