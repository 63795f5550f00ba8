import { at, type CheckedResource, listOf, type Rule, unless } from './rule.ts';

/** Actions that AWS offers for no resource in particular. */
const WITHOUT_RESOURCE = ['ecr:GetAuthorizationToken'];

const PRIMITIVE_ROLES = ['roles/owner', 'roles/editor', 'roles/viewer'];

const noWildcardIam: Rule = {
  name: 'no-wildcard-iam',
  description: 'A grant names its actions and its resources.',
  check: ({ type, props }) => {
    if (/^aws:iam\/(role|group|user)?policy:/i.test(type)) {
      return statementsOf(props['policy']).flatMap(wildcardsIn);
    }
    if (type === 'gcp:projects/iAMCustomRole:IAMCustomRole') {
      return unless([!String(props['permissions']).includes('*'), 'a permission must be named in full']);
    }
    if (type.startsWith('gcp:') && /IAM|Iam/.test(type)) {
      return unless([
        !PRIMITIVE_ROLES.includes(String(props['role'])),
        `${props['role']} grants far too much`,
      ]);
    }
    return [];
  },
};

function wildcardsIn(statement: unknown): string[] {
  const actions = listOf(at(statement, 'Action')).map(String);
  const resources = listOf(at(statement, 'Resource')).map(String);
  const isBare = resources.includes('*') && !actions.every((action) => WITHOUT_RESOURCE.includes(action));
  return [
    ...actions
      .filter((action) => action.includes('*'))
      .map((action) => `action ${action} must be named in full`),
    ...(isBare ? [`${actions.join(', ')} must name a resource`] : []),
  ];
}

/** The statements of a policy that allow something; a preview may not know the document yet. */
function statementsOf(document: unknown): readonly unknown[] {
  if (typeof document !== 'string' || !document.startsWith('{')) return [];
  return listOf(at(JSON.parse(document), 'Statement')).filter((entry) => at(entry, 'Effect') === 'Allow');
}

const KEY_TYPES = [
  'aws:iam/accessKey:AccessKey',
  'aws:iam/user:User',
  'gcp:serviceaccount/key:Key',
  'gcp:storage/hmacKey:HmacKey',
];
const KEY_VARIABLES = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'GOOGLE_APPLICATION_CREDENTIALS_JSON'];

const noStaticKeys: Rule = {
  name: 'no-static-keys',
  description:
    'Processes and clouds prove who they are with credentials that expire, made as they are needed.',
  check: ({ type, props }) => [
    ...unless([!KEY_TYPES.includes(type), 'makes a key that does not expire']),
    ...variablesOf(type, props)
      .filter((name) => KEY_VARIABLES.includes(name))
      .map((name) => `variable ${name} holds a key that does not expire`),
  ],
};

function variablesOf(type: string, props: CheckedResource['props']): readonly string[] {
  const named = (list: unknown) => listOf(list).map((entry) => String(at(entry, 'name')));
  if (type === 'aws:ecs/taskDefinition:TaskDefinition') {
    const text = props['containerDefinitions'];
    if (typeof text !== 'string' || !text.startsWith('[')) return [];
    return listOf(JSON.parse(text)).flatMap((container) => [
      ...named(at(container, 'environment')),
      ...named(at(container, 'secrets')),
    ]);
  }
  if (type === 'gcp:cloudrunv2/service:Service') {
    return listOf(at(props, 'template', 'containers')).flatMap((container) => named(at(container, 'envs')));
  }
  return [];
}

const TAGS = ['environment', 'name', 'product', 'stack'];

const tagged: Rule = {
  name: 'tagged',
  description: 'Everything carries the tags (in Google Cloud the labels) of its stack, from its provider.',
  check: ({ type, props }) => {
    if (type === 'pulumi:providers:aws') return missingTags(at(parsed(props['defaultTags']), 'tags'));
    if (type === 'pulumi:providers:gcp') return missingTags(parsed(props['defaultLabels']));
    return [];
  },
};

const missingTags = (tags: unknown): string[] =>
  TAGS.filter((tag) => !at(tags, tag)).map((tag) => `tag ${tag} is missing`);

/** A provider's own settings cross the wire as JSON. */
const parsed = (value: unknown): unknown => (typeof value === 'string' ? JSON.parse(value) : value);

export const ACCESS_RULES: readonly Rule[] = [noWildcardIam, noStaticKeys, tagged];
