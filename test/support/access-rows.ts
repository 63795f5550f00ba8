/**
 * Who may call what, written down by hand: the access matrix is held against these rows, and an operation that is in
 * none of them fails. Values are ids of operations in the OpenAPI document; an admin may call every one of `roles`.
 */
export const ACCESS_ROWS: Readonly<Record<string, readonly string[]>> = {
  open: [
    'serverMetadata',
    'serverLive',
    'serverReady',
    'live',
    'ready',
    'openApi',
    'docs',
    'docsScript',
    'flagEvents',
    'signIn',
    'finishSignIn',
  ],

  'roles viewer, experimenter, reviewer, any tenant': ['getSession', 'signOut'],

  'scope infer': [
    'infer',
    'modelMetadata',
    'modelReady',
    'inferOfVersion',
    'modelMetadataOfVersion',
    'modelReadyOfVersion',
    ...['Config', 'Statistics'].flatMap((name) => [`model${name}`, `model${name}OfVersion`]),
    ...['repositoryIndex', 'predict', 'predictOfVersion', 'modelStatus'],
    ...['Get', 'Head', 'Put', 'Post', 'Delete', 'Patch', 'Options'].map((method) => `proxy${method}`),
  ],
  'scope flags': ['evaluateFlag', 'evaluateFlags'],
  'scope outcomes': ['reportOutcomes'],
  'scope exposures': ['reportExposures'],

  'roles viewer, experimenter, reviewer': [
    ...[
      'Model',
      'Version',
      'Target',
      'Endpoint',
      'Experiment',
      'Holdout',
      'Layer',
      'Segment',
      'Metric',
      'Webhook',
    ].flatMap((name) => [`list${name}s`, `get${name}`]),
    'listAliases',
    'getAlias',
    ...['listEnvironments', 'getEnvironment', 'layerSlots', 'dealSlots'],
    ...[
      'listRevisions',
      'getRevision',
      'listComments',
      'explainAssignment',
      'experimentResults',
      'holdoutResults',
    ],
    'listAudit',
    'exportAudit',
    'listWebhookDeliveries',
    'exportConfiguration',
  ],
  'roles viewer, experimenter, reviewer, own tenant': ['listTenants', 'getTenant'],
  'roles experimenter': [
    ...['Experiment', 'Holdout', 'Layer', 'Segment', 'Metric'].flatMap((name) => [
      `create${name}`,
      `replace${name}`,
      `delete${name}`,
    ]),
    ...['writeFeatures', 'readFeatures', 'forgetFeatures'],
    'importExperiments',
    ...['planChange', 'removeChange', 'restoreRevision', 'promoteExperiment'],
    ...['submit', 'withdraw', 'start', 'pause', 'resume', 'stop', 'archive', 'decide'].map(
      (action) => `${action}Experiment`,
    ),
  ],
  'roles reviewer': ['approveExperiment', 'approveChange'],
  'roles experimenter, reviewer': ['addComment'],
  'roles own tenant': ['createKey', 'listKeys', 'getKey', 'rotateKey', 'revokeKey'],
  roles: [
    ...['Tenant', 'Model', 'Target', 'Endpoint', 'Environment', 'Webhook'].flatMap((name) => [
      `create${name}`,
      `replace${name}`,
      `delete${name}`,
    ]),
    ...['createAlias', 'replaceAlias', 'deleteAlias'],
    'eraseTenantUnits',
    'rotateWebhookSecret',
    'createVersion',
    'deleteVersion',
    ...['create', 'get', 'rotate', 'revoke'].map((verb) => `${verb}ServiceKey`),
    'listServiceKeys',
    'applyConfiguration',
  ],
};
