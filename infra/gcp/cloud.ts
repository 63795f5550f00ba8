import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  interpolate,
  type Output,
  output,
} from '@pulumi/pulumi';
import type { CloudOutputs } from '../cloud-outputs.ts';
import type { GcpPlan } from '../cloud-plan.ts';
import type { StackSecrets } from '../stack-secrets.ts';
import { makeBuckets } from './buckets.ts';
import { makeRecords } from './dns.ts';
import { type AwsCallers, makeFederation } from './federation.ts';
import { makeFirewall } from './firewall.ts';
import { makeIdentity } from './identities.ts';
import { type GcpAddress, makeAddress, makeLoadBalancer } from './load-balancer.ts';
import { makeMonitoring } from './monitoring.ts';
import { makeNetwork } from './network.ts';
import { makeRegistry } from './registry.ts';
import { makeSecrets } from './secrets.ts';
import { makeService } from './service.ts';
import { enableServices } from './services.ts';
import { makeWarehouse } from './warehouse.ts';

/** What AWS's side of the stack gives Google Cloud's: names alone, which the plan knows. */
export interface GcpTwin {
  readonly callers: AwsCallers;
  /** What Google's gateways take their role in AWS with. */
  readonly environment: Readonly<Record<string, string>>;
}

/** All of Switchyard in one region of Google Cloud. */
export class GcpCloud extends ComponentResource implements CloudOutputs {
  readonly modelsUri: Output<string>;
  readonly lakeUri: Output<string>;
  readonly imageRepository: Output<string>;
  readonly gatewayAddress: Output<string>;
  readonly runnerUrl: Output<string | null>;
  readonly egressAddresses: Output<string[]>;
  readonly address: GcpAddress;
  /** Unique id of the service account that the gateways run as. */
  readonly gatewaySubject: Output<string>;
  /** How AWS's gateways get credentials here; null without AWS. */
  readonly federation: Output<string> | null;

  constructor(
    plan: GcpPlan,
    { secrets, twin }: { readonly secrets: StackSecrets; readonly twin: GcpTwin | null },
    options: ComponentResourceOptions,
  ) {
    super('switchyard:gcp:Cloud', 'gcp', {}, options);
    const after = enableServices(plan, this);
    const buckets = makeBuckets(plan.buckets, { parent: this, after });
    const registry = makeRegistry(plan, { parent: this, after });
    const network = makeNetwork(plan, { parent: this, after });
    const gatewayIdentity = makeIdentity(plan, 'gateway', { buckets, parent: this });
    const runnerIdentity = makeIdentity(plan, 'runner', { buckets, parent: this });
    const federation =
      twin === null ? null : makeFederation(plan, { callers: twin.callers, parent: this, after });
    const common = { network, imageRepository: registry, parent: this };
    const gateway = makeService(plan, 'gateway', {
      ...common,
      account: gatewayIdentity.account,
      secrets: makeSecrets(plan, {
        values: secrets,
        reader: gatewayIdentity.account.member,
        parent: this,
        after,
      }),
      environment: twin?.environment ?? ({} satisfies Record<string, Input<string>>),
      invokers: null,
      after: gatewayIdentity.grants,
    });
    const runner = makeService(plan, 'runner', {
      ...common,
      account: runnerIdentity.account,
      secrets: {},
      environment: {},
      invokers: {
        'gateway-calls-runner': gatewayIdentity.account.member,
        ...(federation && { 'aws-calls-runner': federation.member }),
      },
      after: runnerIdentity.grants,
    });
    const address = makeAddress(plan, { parent: this, after });
    if (gateway !== null) {
      makeLoadBalancer(plan, {
        service: gateway,
        ipAddress: address.ipAddress,
        certificateMapId: address.certificateMapId,
        securityPolicy: plan.modules.has('firewall') ? makeFirewall(plan, { parent: this, after }) : null,
        parent: this,
      });
    }
    if (plan.dnsZone !== null) makeRecords(plan, { zone: plan.dnsZone, address, parent: this });
    if (plan.modules.has('warehouse')) {
      makeWarehouse(plan, { lakeBucket: buckets.lake.name, parent: this, after });
    }
    makeMonitoring(plan, { parent: this, after });
    this.modelsUri = interpolate`gs://${buckets.models.name}/`;
    this.lakeUri = interpolate`gs://${buckets.lake.name}/`;
    this.imageRepository = registry;
    this.gatewayAddress = address.ipAddress;
    this.runnerUrl = runner === null ? output(null) : runner.uri;
    this.egressAddresses = network.egressAddresses;
    this.address = address;
    this.gatewaySubject = gatewayIdentity.account.uniqueId;
    this.federation = federation?.credentialConfiguration ?? null;
    this.registerOutputs();
  }
}
