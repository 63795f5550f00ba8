import { at, listOf, type Rule, unless } from './rule.ts';

const TLS_POLICIES = /^ELBSecurityPolicy-TLS13-1-[23]-/;

const tlsMinimum: Rule = {
  name: 'tls-minimum',
  description: 'Whatever answers the public speaks TLS 1.2 or newer, and plain HTTP only to redirect.',
  check: ({ type, props }) => {
    switch (type) {
      case 'aws:lb/listener:Listener':
        return props['protocol'] === 'HTTPS'
          ? unless([
              TLS_POLICIES.test(String(props['sslPolicy'])),
              'sslPolicy must begin with TLS 1.2 or 1.3',
            ])
          : unless([isRedirect(props), 'a listener without TLS must only redirect']);
      case 'aws:apigatewayv2/domainName:DomainName':
        return unless([
          at(props, 'domainNameConfiguration', 'securityPolicy') === 'TLS_1_2',
          'securityPolicy must be TLS_1_2',
        ]);
      case 'gcp:compute/sSLPolicy:SSLPolicy':
        return unless([
          ['TLS_1_2', 'TLS_1_3'].includes(String(props['minTlsVersion'])),
          'minTlsVersion must be TLS_1_2 or newer',
        ]);
      case 'gcp:compute/targetHttpsProxy:TargetHttpsProxy':
        return unless([props['sslPolicy'] !== undefined, 'must name an sslPolicy']);
      default:
        return [];
    }
  },
  checkStack: (resources) => [
    ...plainProxies(resources),
    ...resources
      .filter(({ type }) => type === 'aws:s3/bucketPolicy:BucketPolicy')
      .filter(({ props }) => String(props['policy']).startsWith('{'))
      .filter(({ props }) => !String(props['policy']).includes('"aws:SecureTransport":"false"'))
      .map(({ name }) => `the policy of bucket ${name} must deny plain HTTP`),
  ],
};

const isRedirect = (props: unknown) =>
  listOf(at(props, 'defaultActions')).every((action) => at(action, 'type') === 'redirect');

/** A proxy without TLS may hang only on a map that does nothing but redirect. */
const plainProxies: NonNullable<Rule['checkStack']> = (resources) => {
  const redirects = resources
    .filter(
      ({ type, props }) =>
        type.endsWith(':URLMap') && at(props, 'defaultUrlRedirect', 'httpsRedirect') === true,
    )
    .map(({ name }) => name);
  return resources
    .filter(({ type, name }) => type.endsWith(':TargetHttpProxy') && !redirects.includes(name))
    .map(({ name }) => `proxy ${name} must only redirect to TLS`);
};

const closedProcesses: Rule = {
  name: 'closed-processes',
  description: 'A process has no public address and cannot write to its own image.',
  check: ({ type, props }) => {
    switch (type) {
      case 'aws:ecs/service:Service':
        return unless([
          at(props, 'networkConfiguration', 'assignPublicIp') === false,
          'a task must have no public address',
        ]);
      case 'aws:ecs/taskDefinition:TaskDefinition': {
        const text = props['containerDefinitions'];
        if (typeof text !== 'string' || !text.startsWith('[')) return [];
        return unless([
          listOf(JSON.parse(text)).every((container) => at(container, 'readonlyRootFilesystem') === true),
          'readonlyRootFilesystem must be true',
        ]);
      }
      case 'gcp:cloudrunv2/service:Service':
        return unless([
          props['invokerIamDisabled'] !== true ||
            props['ingress'] === 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER',
          'a service that asks no caller who it is must be behind the load balancer',
        ]);
      case 'gcp:cloudrunv2/serviceIamMember:ServiceIamMember':
        return unless([
          !['allUsers', 'allAuthenticatedUsers'].includes(String(props['member'])),
          'a service must not be open to everybody',
        ]);
      default:
        return [];
    }
  },
};

export const NETWORK_RULES: readonly Rule[] = [tlsMinimum, closedProcesses];
