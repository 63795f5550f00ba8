import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { LIVE_PATH, METRICS_PATH } from '../../gateway/config.ts';
import { gatewayEnvironmentSchema } from '../../gateway/environment-schema.ts';
import { manifests } from '../../infra/kubernetes/manifests.ts';
import { GATEWAY_PROCESS, RUNNER_PROCESS } from '../../infra/processes.ts';
import { runnerEnvironmentSchema } from '../../models/runner/config.ts';

const dockerfile = readFileSync('Dockerfile', 'utf8');
const compose = parse(readFileSync('compose.yaml', 'utf8'), { merge: true });

/** Variables that the clouds' own SDKs and the stores read. */
const OF_LIBRARIES = /^(AWS_|GCS_API_ENDPOINT$|NODE_ENV$)/;
const OF_TARGETS = /^SWITCHYARD_TARGET_/;

const known = (names: readonly string[], shape: Readonly<Record<string, unknown>>) =>
  names.filter((name) => !(name in shape) && !OF_LIBRARIES.test(name) && !OF_TARGETS.test(name));

const portOfMetrics = gatewayEnvironmentSchema.shape.METRICS_PORT.parse(undefined);

describe('the Dockerfile', () => {
  it('says of ports, paths and directories what the processes say', () => {
    expect(dockerfile).toContain(`EXPOSE ${GATEWAY_PROCESS.port} ${RUNNER_PROCESS.port} ${portOfMetrics}\n`);
    expect(dockerfile).toContain(LIVE_PATH);
    expect(dockerfile).toContain(`VOLUME ["${GATEWAY_PROCESS.dataDirectory}"]`);
    expect(RUNNER_PROCESS.dataDirectory).toBe(GATEWAY_PROCESS.dataDirectory);
    expect(dockerfile).toContain(`CMD ${JSON.stringify(GATEWAY_PROCESS.command).replaceAll(',', ', ')}`);
  });

  it('sets no variable that neither process knows', () => {
    const [, line = ''] = /^ENV (.*)$/m.exec(dockerfile) ?? [];
    const names = line.split(' ').map((pair) => pair.split('=')[0] ?? '');
    expect(names.length).toBeGreaterThan(2);
    expect(known(names, { ...gatewayEnvironmentSchema.shape, ...runnerEnvironmentSchema.shape })).toEqual([]);
  });
});

describe('the compose file', () => {
  it('sets only variables that the process knows', () => {
    const { gateway, 'runner-aws': aws, 'runner-gcp': gcp } = compose.services;
    expect(known(Object.keys(gateway.environment), gatewayEnvironmentSchema.shape)).toEqual([]);
    for (const { environment } of [aws, gcp]) {
      expect(known(Object.keys(environment), runnerEnvironmentSchema.shape)).toEqual([]);
      expect(environment.PORT).toBe(String(RUNNER_PROCESS.port));
    }
    expect(aws.command).toEqual(RUNNER_PROCESS.command);
  });

  it('lets the gateway answer on loopback alone, and stops it only after its drain', () => {
    const { ports, stop_grace_period: grace } = compose.services.gateway;
    expect(ports).toEqual([GATEWAY_PROCESS.port, portOfMetrics].map((port) => `127.0.0.1:${port}:${port}`));
    expect(Number.parseInt(grace, 10) * 1_000).toBeGreaterThan(GATEWAY_PROCESS.drainMs);
  });
});

describe('the Kubernetes manifests', () => {
  const made = manifests({
    namespace: 'ml',
    image: `registry.example/switchyard@sha256:${'a'.repeat(64)}`,
    host: 'gateway.acme.example',
    lakeUri: 's3://lake',
    modelsUri: 's3://models',
  });
  // biome-ignore lint/suspicious/noExplicitAny: a manifest is whatever JSON Kubernetes reads
  const one = (kind: string, name: string): any =>
    made.find((manifest) => manifest['kind'] === kind && Object(manifest['metadata']).name === name) ??
    expect.fail(`there is no ${kind} ${name}`);

  it.each([
    { kind: 'StatefulSet', name: 'gateway', process: GATEWAY_PROCESS, shape: gatewayEnvironmentSchema.shape },
    { kind: 'Deployment', name: 'runner', process: RUNNER_PROCESS, shape: runnerEnvironmentSchema.shape },
  ])('probe the $name where it answers, and wait for its drain', ({ kind, name, process, shape }) => {
    const { spec } = one(kind, name).spec.template;
    const [container] = spec.containers;
    expect(container.readinessProbe.httpGet.path).toBe(process.readyPath);
    expect(container.livenessProbe.httpGet.path).toBe(process.livePath);
    expect(container.ports).toEqual([{ name: 'http', containerPort: process.port }]);
    expect(spec.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(process.drainMs);
    expect(
      known(
        container.env.map((variable: { name: string }) => variable.name),
        shape,
      ),
    ).toEqual([]);
    expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: true });
    expect(one('HorizontalPodAutoscaler', name).spec.scaleTargetRef).toMatchObject({ kind, name });
    expect(one('PodDisruptionBudget', name).spec.maxUnavailable).toBe(1);
  });

  it('hold no secret, only where it is', () => {
    const container = one('StatefulSet', 'gateway').spec.template.spec.containers[0];
    const secrets = container.env.filter(
      (variable: { valueFrom?: unknown }) => variable.valueFrom !== undefined,
    );
    expect(secrets.map(({ name }: { name: string }) => name)).toEqual([
      'MONGODB_URI',
      'ADMIN_API_KEY',
      'SWITCHYARD_TARGET_RUNNER',
    ]);
  });
});

it('the documents name the path and the port that a collector reads', () => {
  expect(METRICS_PATH).toBe('/metrics');
  expect(readFileSync('docs/operations.md', 'utf8')).toContain(`reads port ${portOfMetrics}`);
});
