import { Certificate } from '@pulumi/gcp/certificatemanager/certificate.js';
import { CertificateMap } from '@pulumi/gcp/certificatemanager/certificateMap.js';
import { CertificateMapEntry } from '@pulumi/gcp/certificatemanager/certificateMapEntry.js';
import { DnsAuthorization } from '@pulumi/gcp/certificatemanager/dnsAuthorization.js';
import type { Service } from '@pulumi/gcp/cloudrunv2/service.js';
import { BackendService } from '@pulumi/gcp/compute/backendService.js';
import { GlobalAddress } from '@pulumi/gcp/compute/globalAddress.js';
import { GlobalForwardingRule } from '@pulumi/gcp/compute/globalForwardingRule.js';
import { RegionNetworkEndpointGroup } from '@pulumi/gcp/compute/regionNetworkEndpointGroup.js';
import { SSLPolicy } from '@pulumi/gcp/compute/sslpolicy.js';
import { TargetHttpProxy } from '@pulumi/gcp/compute/targetHttpProxy.js';
import { TargetHttpsProxy } from '@pulumi/gcp/compute/targetHttpsProxy.js';
import { URLMap } from '@pulumi/gcp/compute/urlmap.js';
import { interpolate, type Output, type Resource } from '@pulumi/pulumi';
import type { GcpPlan } from '../cloud-plan.ts';

/** A record that proves to Google that the domain is ours. */
interface DomainProof {
  readonly name: Output<string>;
  readonly type: Output<string>;
  readonly data: Output<string>;
}

export interface GcpAddress {
  readonly ipAddress: Output<string>;
  readonly proof: DomainProof;
}

/** The public address and the certificate, which are there before there is anything to lead to. */
export function makeAddress(
  plan: GcpPlan,
  { parent, after }: { readonly parent: Resource; readonly after: readonly Resource[] },
): GcpAddress & { readonly certificateMapId: Output<string> } {
  const options = { parent, dependsOn: [...after] };
  const address = new GlobalAddress('gateway', { name: `${plan.base}-gateway` }, options);
  // Proven by a record rather than by answering at the address, which is not always this one's turn.
  const authorization = new DnsAuthorization(
    'gateway',
    { name: `${plan.base}-gateway`, domain: plan.gatewayHost },
    options,
  );
  const certificate = new Certificate(
    'gateway',
    {
      name: `${plan.base}-gateway`,
      managed: { domains: [plan.gatewayHost], dnsAuthorizations: [authorization.id] },
    },
    { parent },
  );
  const map = new CertificateMap('gateway', { name: `${plan.base}-gateway` }, options);
  new CertificateMapEntry(
    'gateway',
    {
      name: `${plan.base}-gateway`,
      map: map.name,
      hostname: plan.gatewayHost,
      certificates: [certificate.id],
    },
    { parent },
  );
  const record = authorization.dnsResourceRecords.apply(([first]) => {
    if (first === undefined) throw new Error(`Google asked for no proof that ${plan.gatewayHost} is ours`);
    return first;
  });
  return {
    ipAddress: address.address,
    certificateMapId: map.id,
    proof: { name: record.name, type: record.type, data: record.data },
  };
}

/** Ends TLS at Google's edge and leads to the gateway; plain HTTP is told where TLS is, and nothing else. */
export function makeLoadBalancer(
  plan: GcpPlan,
  parts: {
    readonly service: Service;
    readonly ipAddress: Output<string>;
    readonly certificateMapId: Output<string>;
    readonly securityPolicy: Output<string> | null;
    readonly parent: Resource;
  },
): void {
  const { parent, ipAddress } = parts;
  const named = { name: `${plan.base}-gateway` };
  const group = new RegionNetworkEndpointGroup(
    'gateway',
    {
      ...named,
      region: plan.region,
      networkEndpointType: 'SERVERLESS',
      cloudRun: { service: parts.service.name },
    },
    { parent },
  );
  const backend = new BackendService(
    'gateway',
    {
      ...named,
      loadBalancingScheme: 'EXTERNAL_MANAGED',
      protocol: 'HTTPS',
      backends: [{ group: group.id }],
      logConfig: { enable: true, sampleRate: plan.isProduction ? 0.01 : 1 },
      ...(parts.securityPolicy !== null && { securityPolicy: parts.securityPolicy }),
    },
    { parent },
  );
  const urls = new URLMap('gateway', { ...named, defaultService: backend.id }, { parent });
  const tls = new SSLPolicy(
    'gateway',
    { ...named, profile: 'RESTRICTED', minTlsVersion: 'TLS_1_2' },
    { parent },
  );
  const proxy = new TargetHttpsProxy(
    'gateway',
    {
      ...named,
      urlMap: urls.id,
      sslPolicy: tls.id,
      certificateMap: interpolate`//certificatemanager.googleapis.com/${parts.certificateMapId}`,
    },
    { parent },
  );
  const redirect = new URLMap(
    'redirect',
    {
      name: `${plan.base}-redirect`,
      defaultUrlRedirect: {
        httpsRedirect: true,
        stripQuery: false,
        redirectResponseCode: 'MOVED_PERMANENTLY_DEFAULT',
      },
    },
    { parent },
  );
  const plain = new TargetHttpProxy(
    'redirect',
    { name: `${plan.base}-redirect`, urlMap: redirect.id },
    { parent },
  );
  const forward = { ipAddress, loadBalancingScheme: 'EXTERNAL_MANAGED', ipProtocol: 'TCP' };
  new GlobalForwardingRule(
    'gateway',
    { ...named, ...forward, portRange: '443', target: proxy.id },
    { parent },
  );
  new GlobalForwardingRule(
    'redirect',
    { ...forward, name: `${plan.base}-redirect`, portRange: '80', target: plain.id },
    { parent },
  );
}
