/** The import rules of ARCHITECTURE.md, checked by `npm run imports`. */
const PURE_EXPERIMENTS = '^experiments/(?!store/)';
const IO_BUILTINS =
  '^(node:)?(fs|net|http|https|http2|dns|child_process|worker_threads|cluster|os|process|timers|sqlite|tls|dgram)(/|$)';

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'only-gateway-knows-both',
      comment: 'experiments/ and models/ know nothing of each other, of gateway/ or of infra/.',
      severity: 'error',
      from: { path: '^(experiments|models)/' },
      to: { path: '^(experiments|models|gateway|infra)/', pathNot: '^$1/' },
    },
    {
      name: 'infra-imports-schemas-only',
      comment: "What the processes are told (both config schemas), what they serve, and the lake's columns.",
      severity: 'error',
      from: { path: '^infra/' },
      to: {
        path: '^(experiments|gateway|models)/',
        pathNot: [
          '^gateway/(config|environment-schema|pipeline/lake-schema)\\.ts$',
          '^models/(catalogue/|runner/config\\.ts$)',
        ],
      },
    },
    {
      name: 'pure-domain-has-no-io',
      comment: 'The domain decides; it reads no file, socket, clock or process.',
      severity: 'error',
      from: { path: PURE_EXPERIMENTS },
      to: { path: [IO_BUILTINS, '^experiments/store/', 'node_modules/(mongodb|express|pino|undici)/'] },
    },
    {
      name: 'pure-catalogue-has-no-io',
      severity: 'error',
      from: { path: '^models/(catalogue|codecs)/' },
      to: { path: [IO_BUILTINS, 'node_modules/(onnxruntime-node|@aws-sdk|@google-cloud|undici)/'] },
    },
    {
      name: 'pure-placement-has-no-pulumi',
      severity: 'error',
      from: { path: '^infra/(placement|settings|processes|catalogue|store-use|alarm-limits)\\.ts$' },
      to: { path: [IO_BUILTINS, 'node_modules/@pulumi/'] },
    },
    {
      name: 'sdk-stands-alone',
      comment: "Tenants' code has it without the rest, and without a dependency.",
      severity: 'error',
      from: { path: '^sdk/' },
      to: { pathNot: '^sdk/' },
    },
    {
      name: 'nobody-imports-the-sdk',
      severity: 'error',
      from: { pathNot: '^(sdk|test)/' },
      to: { path: '^sdk/' },
    },
    {
      name: 'production-imports-no-tests',
      severity: 'error',
      from: { path: '^(experiments|models|gateway|infra|cli|console)/' },
      to: { path: '^test/' },
    },
    {
      name: 'console-speaks-http-only',
      comment: 'The page is a client of the control plane and knows nothing of what is behind it.',
      severity: 'error',
      from: { path: '^console/src/' },
      to: { path: '^(experiments|models|gateway|infra|cli|demo|test)/' },
    },
    {
      name: 'cli-is-a-client',
      comment:
        'It asks the control plane; of the rest it uses what checks settings, models and buckets on this machine.',
      severity: 'error',
      from: { path: '^cli/' },
      to: {
        path: '^(experiments|models|gateway|infra|demo|console|test)/',
        pathNot: ['^gateway/(config|environment-schema)\\.ts$', '^models/(artifacts|onnx|catalogue)/'],
      },
    },
    { name: 'no-orphan-resolution', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-dev-dependency-in-production',
      severity: 'error',
      from: { path: '^(experiments|models|gateway|infra|cli)/', pathNot: '^(models/samples)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
