import type { Properties, Registered } from './pulumi-engine.ts';

const ACCOUNT = '111122223333';

/** What the clouds decide about a resource, as far as the program reads it: plausible, and the same every time. */
export function decidedByCloud(resource: Registered): Properties {
  const { type, name } = resource;
  return type.startsWith('aws:') ? { arn: arnOf(resource), ...aws(resource) } : gcp(type, name, resource);
}

function arnOf({ type, name, inputs }: Registered): string {
  const [, service = ''] = /^aws:(\w+)\//.exec(type) ?? [];
  const physical = inputs['name'] ?? inputs['bucket'] ?? inputs['family'] ?? name;
  if (type === 'aws:s3/bucket:Bucket') return `arn:aws:s3:::${physical}`;
  if (service === 'iam') return `arn:aws:iam::${ACCOUNT}:role/${physical}`;
  return `arn:aws:${service}:eu-west-1:${ACCOUNT}:${physical}`;
}

function aws({ type, name, inputs }: Registered): Properties {
  switch (type) {
    case 'aws:acm/certificate:Certificate':
      return {
        domainValidationOptions: [
          {
            domainName: String(inputs['domainName']),
            resourceRecordName: `_proof.${inputs['domainName']}`,
            resourceRecordType: 'CNAME',
            resourceRecordValue: '_x.acm-validations.aws.',
          },
        ],
      };
    case 'aws:apigatewayv2/api:Api':
      return { executionArn: `arn:aws:execute-api:eu-west-1:${ACCOUNT}:${name}` };
    case 'aws:apigatewayv2/domainName:DomainName':
      return {
        domainNameConfiguration: {
          ...Object(inputs['domainNameConfiguration']),
          targetDomainName: 'd-1.execute-api.eu-west-1.amazonaws.com',
          hostedZoneId: 'ZAPIGATEWAY',
        },
      };
    case 'aws:ec2/eip:Eip':
      return { publicIp: `198.51.100.${name.charCodeAt(name.length - 1)}` };
    case 'aws:ecr/repository:Repository':
      return { repositoryUrl: `${ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/${inputs['name']}` };
    case 'aws:kms/key:Key':
      return { keyId: '11112222-3333-4444-5555-666677778888' };
    case 'aws:lb/loadBalancer:LoadBalancer':
      return { dnsName: `${name}.elb.amazonaws.com`, zoneId: 'ZELB', arnSuffix: `app/${name}/1` };
    case 'aws:secretsmanager/secretVersion:SecretVersion':
      return { versionId: '1111-2222' };
    case 'aws:lb/targetGroup:TargetGroup':
      return { arnSuffix: `targetgroup/${name}/1` };
    case 'aws:route53/record:Record':
      return { fqdn: String(inputs['name']) };
    case 'aws:route53/zone:Zone':
      return { zoneId: 'ZINSIDE' };
    default:
      return {};
  }
}

function gcp(type: string, name: string, { inputs }: Registered): Properties {
  switch (type) {
    case 'gcp:serviceaccount/account:Account': {
      const email = `${inputs['accountId']}@acme.iam.gserviceaccount.com`;
      const id = `projects/acme/serviceAccounts/${email}`;
      return {
        email,
        member: `serviceAccount:${email}`,
        uniqueId: `10000000000000000000${name.length}`,
        name: id,
      };
    }
    case 'gcp:certificatemanager/dnsAuthorization:DnsAuthorization':
      return {
        dnsResourceRecords: [
          { name: `_acme-challenge.${inputs['domain']}.`, type: 'CNAME', data: 'proof.authorize.goog.' },
        ],
      };
    case 'gcp:cloudrunv2/service:Service':
      return { uri: `https://${inputs['name']}-1.a.run.app` };
    case 'gcp:compute/address:Address':
    case 'gcp:compute/globalAddress:GlobalAddress':
      return { address: '203.0.113.7', selfLink: `https://compute.googleapis.com/${inputs['name']}` };
    case 'gcp:iam/workloadIdentityPool:WorkloadIdentityPool':
      return {
        name: `projects/1/locations/global/workloadIdentityPools/${inputs['workloadIdentityPoolId']}`,
      };
    case 'gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider':
      return { name: 'projects/1/locations/global/workloadIdentityPools/p/providers/aws' };
    case 'gcp:monitoring/notificationChannel:NotificationChannel':
      return { name: 'projects/acme/notificationChannels/1' };
    case 'gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig':
      return { uptimeCheckId: 'gateway-1' };
    case 'gcp:projects/iAMCustomRole:IAMCustomRole':
      return { name: `projects/acme/roles/${inputs['roleId']}` };
    case 'gcp:secretmanager/secretVersion:SecretVersion':
      return { version: '1' };
    default:
      return {};
  }
}
