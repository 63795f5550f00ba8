import { rankingExperiment, registerRanking } from '../../support/ranking-endpoint.ts';
import { startTestGateway } from '../../support/test-gateway.ts';
import { reportTo } from './serve.ts';

/**
 * The gateway with everything on: authentication, a running experiment, breakers, exposures, metrics, logs. The
 * endpoint `ranking` is managed inference, `pages` passes through; the key is the last part of the URL's hash.
 */
const upstream = process.argv[2] ?? '';
const gateway = await startTestGateway({ LOG_LEVEL: 'info' });
await registerRanking(gateway, { aws: upstream, gcp: upstream });
await gateway.register('/experiments', rankingExperiment());
await gateway.register('/experiments/ranker-v2/start', {});
await gateway.register('/targets', {
  key: 'pages',
  kind: 'http',
  cloud: 'aws',
  region: 'eu-central-1',
  url: upstream,
});
await gateway.register('/endpoints', { key: 'pages', defaultTarget: 'pages' });
const pageTargets = [
  { key: 'control', weight: 5_000, target: 'pages' },
  { key: 'treatment', weight: 5_000, target: 'pages' },
];
await gateway.register('/experiments', {
  ...rankingExperiment({ variants: pageTargets }),
  key: 'pages',
  endpoint: 'pages',
});
await gateway.register('/experiments/pages/start', {});
const { secret } = await gateway.tenant('acme');
reportTo(`${gateway.url}#${secret}`);
