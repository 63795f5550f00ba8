import {
  GATEWAY_PROCESS,
  gatewayEnvironment,
  type ProcessContract,
  RUNNER_PROCESS,
  runnerEnvironment,
} from '../processes.ts';

export interface ClusterSettings {
  readonly namespace: string;
  /** With its digest. */
  readonly image: string;
  readonly host: string;
  /** `s3://bucket` or `gs://bucket`. */
  readonly lakeUri: string;
  readonly modelsUri: string;
}

type Manifest = Readonly<Record<string, unknown>>;

/** The user `node` of the image. */
const USER = 1_000;
/** After the drain: shipping what is spooled, s. */
const SHIPPING_SECONDS = 60;
/** Endpoints are told of a pod's end while it still answers, s. */
const LEAVE_SECONDS = 5;
const START_SECONDS = 120;
const SECRET = 'switchyard';

/**
 * Gateway and runner for a cluster that is there already. The gateway keeps its spool on a volume of its own, so
 * that what is not yet shipped outlives the pod; a runner only caches. The secret `switchyard` must be there, with
 * MONGODB_URI, ADMIN_API_KEY and RUNNER_API_KEY; targets name that key as `SWITCHYARD_TARGET_RUNNER`. Identities in
 * the clouds come by the annotations of the two service accounts, which are the cluster's business.
 */
export function manifests(settings: ClusterSettings): readonly Manifest[] {
  return [
    ...gatewayManifests(settings),
    ...runnerManifests(settings),
    // Whoever is not a gateway does not reach a runner, key or no key.
    {
      ...head('networking.k8s.io/v1', 'NetworkPolicy', 'runner', settings),
      spec: {
        podSelector: { matchLabels: labels('runner') },
        policyTypes: ['Ingress'],
        ingress: [
          {
            from: [{ podSelector: { matchLabels: labels('gateway') } }],
            ports: [{ protocol: 'TCP', port: RUNNER_PROCESS.port }],
          },
        ],
      },
    },
  ];
}

function gatewayManifests(settings: ClusterSettings): Manifest[] {
  const environment = gatewayEnvironment({
    HOST: '0.0.0.0',
    DATA_DIR: GATEWAY_PROCESS.dataDirectory,
    LAKE_URI: settings.lakeUri,
  });
  const container = {
    ...containerOf('gateway', GATEWAY_PROCESS, settings),
    env: [
      ...plain(environment),
      secretVariable('MONGODB_URI', 'MONGODB_URI'),
      secretVariable('ADMIN_API_KEY', 'ADMIN_API_KEY'),
      secretVariable('SWITCHYARD_TARGET_RUNNER', 'RUNNER_API_KEY'),
    ],
  };
  return [
    ...commonManifests('gateway', GATEWAY_PROCESS, 'StatefulSet', settings),
    {
      ...head('apps/v1', 'StatefulSet', 'gateway', settings),
      spec: {
        serviceName: 'gateway',
        replicas: 2,
        podManagementPolicy: 'Parallel',
        selector: { matchLabels: labels('gateway') },
        template: podOf('gateway', GATEWAY_PROCESS, container, []),
        persistentVolumeClaimRetentionPolicy: { whenScaled: 'Retain', whenDeleted: 'Retain' },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10Gi' } } },
          },
        ],
      },
    },
    {
      ...head('networking.k8s.io/v1', 'Ingress', 'gateway', settings),
      spec: {
        tls: [{ hosts: [settings.host], secretName: 'gateway-tls' }],
        rules: [
          {
            host: settings.host,
            http: {
              paths: [
                {
                  path: '/',
                  pathType: 'Prefix',
                  backend: { service: { name: 'gateway', port: { name: 'http' } } },
                },
              ],
            },
          },
        ],
      },
    },
  ];
}

function runnerManifests(settings: ClusterSettings): Manifest[] {
  const environment = runnerEnvironment({
    HOST: '0.0.0.0',
    CACHE_DIR: RUNNER_PROCESS.dataDirectory,
    MODEL_REPOSITORY: settings.modelsUri,
  });
  const container = {
    ...containerOf('runner', RUNNER_PROCESS, settings),
    env: [...plain(environment), secretVariable('RUNNER_API_KEY', 'RUNNER_API_KEY')],
  };
  return [
    ...commonManifests('runner', RUNNER_PROCESS, 'Deployment', settings),
    {
      ...head('apps/v1', 'Deployment', 'runner', settings),
      spec: {
        replicas: 2,
        selector: { matchLabels: labels('runner') },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: podOf('runner', RUNNER_PROCESS, container, [
          { name: 'data', emptyDir: { sizeLimit: '10Gi' } },
        ]),
      },
    },
  ];
}

/** What both have: an identity, a name to be found under, growth with load, and a floor while nodes are drained. */
function commonManifests(
  name: string,
  { port }: ProcessContract,
  kind: 'Deployment' | 'StatefulSet',
  settings: ClusterSettings,
): Manifest[] {
  return [
    { ...head('v1', 'ServiceAccount', name, settings), automountServiceAccountToken: false },
    {
      ...head('v1', 'Service', name, settings),
      spec: { selector: labels(name), ports: [{ name: 'http', port, targetPort: 'http' }] },
    },
    {
      ...head('autoscaling/v2', 'HorizontalPodAutoscaler', name, settings),
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind, name },
        minReplicas: 2,
        maxReplicas: 10,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } },
          },
        ],
        behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
      },
    },
    {
      ...head('policy/v1', 'PodDisruptionBudget', name, settings),
      spec: { maxUnavailable: 1, selector: { matchLabels: labels(name) } },
    },
  ];
}

const labels = (name: string) => ({
  'app.kubernetes.io/name': 'switchyard',
  'app.kubernetes.io/component': name,
});

const head = (apiVersion: string, kind: string, name: string, { namespace }: ClusterSettings) => ({
  apiVersion,
  kind,
  metadata: { name, namespace, labels: labels(name) },
});

const plain = (environment: Readonly<Record<string, string>>) =>
  Object.entries(environment).map(([name, value]) => ({ name, value }));

const secretVariable = (name: string, key: string) => ({
  name,
  valueFrom: { secretKeyRef: { name: SECRET, key } },
});

function containerOf(name: string, process: ProcessContract, { image }: ClusterSettings) {
  const { command, port, readyPath, livePath, dataDirectory } = process;
  const ask = (path: string) => ({ httpGet: { path, port: 'http' } });
  return {
    name,
    image,
    command: [...command],
    ports: [{ name: 'http', containerPort: port }],
    startupProbe: { ...ask(livePath), periodSeconds: 2, failureThreshold: START_SECONDS / 2 },
    readinessProbe: { ...ask(readyPath), periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 },
    livenessProbe: { ...ask(livePath), periodSeconds: 15, timeoutSeconds: 5, failureThreshold: 3 },
    lifecycle: { preStop: { sleep: { seconds: LEAVE_SECONDS } } },
    resources: { requests: { cpu: '1', memory: '2Gi' }, limits: { memory: '2Gi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [{ name: 'data', mountPath: dataDirectory }],
  };
}

function podOf(
  name: string,
  { drainMs }: ProcessContract,
  container: Manifest,
  volumes: readonly Manifest[],
) {
  return {
    metadata: { labels: labels(name) },
    spec: {
      serviceAccountName: name,
      terminationGracePeriodSeconds: LEAVE_SECONDS + Math.ceil(drainMs / 1_000) + SHIPPING_SECONDS,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: USER,
        runAsGroup: USER,
        fsGroup: USER,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'topology.kubernetes.io/zone',
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: { matchLabels: labels(name) },
        },
      ],
      containers: [container],
      volumes,
    },
  };
}
