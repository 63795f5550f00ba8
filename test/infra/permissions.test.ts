import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { S3_ACTIONS } from '../../infra/aws/permissions.ts';
import { GCS_PERMISSIONS } from '../../infra/gcp/permissions.ts';
import { type ProcessName, STORE_USE, type StoreMethod } from '../../infra/store-use.ts';

const METHODS = Object.keys(S3_ACTIONS) as StoreMethod[];

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html */
const ACTION_OF_COMMAND: Readonly<Record<string, string>> = {
  GetObjectCommand: 's3:GetObject',
  HeadObjectCommand: 's3:GetObject',
  PutObjectCommand: 's3:PutObject',
  ListObjectsV2Command: 's3:ListBucket',
  DeleteObjectCommand: 's3:DeleteObject',
};

/** https://cloud.google.com/storage/docs/access-control/iam-json */
const PERMISSIONS_OF_CALL: Readonly<Record<string, readonly string[]>> = {
  createReadStream: ['storage.objects.get'],
  getMetadata: ['storage.objects.get'],
  save: ['storage.objects.create', 'storage.objects.delete'],
  getFiles: ['storage.objects.list'],
  delete: ['storage.objects.delete'],
};

/** Packages through which the product speaks to a cloud, and what that takes; another one needs a row here. */
const CLOUD_PACKAGES: Readonly<Record<string, string>> = {
  '@aws-sdk/client-s3': 'the actions of STORE_USE',
  '@aws-sdk/credential-provider-node': 'nothing: it finds what the task has',
  '@aws-sdk/credential-provider-web-identity': 'the trust policy of the role from-gcp',
  '@google-cloud/storage': 'the permissions of STORE_USE',
  '@smithy/core': 'nothing: it reads the events of a streamed answer',
  '@smithy/signature-v4': 'execute-api:Invoke of the role from-gcp; SageMaker is granted by who has it',
  '@smithy/types': 'nothing: types',
  'google-auth-library':
    'roles/run.invoker, and workloadIdentityUser from AWS; Vertex AI is granted by who has it',
};

/** Whose permission a call of an object store takes, by the folder that it stands in. */
const CALLERS: readonly {
  readonly folder: string;
  readonly process: ProcessName;
  readonly bucket: 'lake' | 'models';
}[] = [
  { folder: 'gateway/pipeline/', process: 'gateway', bucket: 'lake' },
  { folder: 'gateway/analysis/', process: 'gateway', bucket: 'lake' },
  { folder: 'models/artifacts/', process: 'gateway', bucket: 'models' },
  { folder: 'models/artifacts/', process: 'runner', bucket: 'models' },
  { folder: 'models/runner/', process: 'runner', bucket: 'models' },
];

/** Every call of a method of `ObjectStore` in the product, as `file method`. */
function storeCalls(): readonly { readonly file: string; readonly method: string }[] {
  const program = ts.createProgram(['gateway/main.ts', 'models/runner/main.ts'], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ESNext,
    strict: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
  });
  const checker = program.getTypeChecker();
  return program
    .getSourceFiles()
    .map((source) => ({ source, file: relative('.', source.fileName) }))
    .filter(({ file }) => /^(gateway|models)\//.test(file))
    .flatMap(({ source, file }) => callsIn(source, checker).map((method) => ({ file, method })));
}

function callsIn(source: ts.SourceFile, checker: ts.TypeChecker): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const receiver = checker.getTypeAtLocation(node.expression.expression);
      if (receiver.symbol?.name === 'ObjectStore') found.push(node.expression.name.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** What a class's methods call, by method: what a name of its body matches, private methods followed. */
function bodiesOf(file: string): Readonly<Record<StoreMethod, string>> {
  const text = readFileSync(file, 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
  const bodies: Record<string, string> = {};
  const visit = (node: ts.Node): void => {
    if (ts.isMethodDeclaration(node)) bodies[node.name.getText()] = node.getText();
    ts.forEachChild(node, visit);
  };
  visit(source);
  return Object.fromEntries(
    METHODS.map((method) => [method, bodies[method] ?? expect.fail(`${file} has no ${method}`)]),
  ) as Record<StoreMethod, string>;
}

const sourcesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));

const distinct = (values: readonly string[]) => [...new Set(values)].sort();

describe('the permissions of each process', () => {
  it('are those of the calls that its code makes of object stores: none missing, none more', {
    timeout: 60_000,
  }, () => {
    const calls = storeCalls();
    expect(calls.length).toBeGreaterThan(4);
    const places = calls.filter(({ file }) => !CALLERS.some(({ folder }) => file.startsWith(folder)));
    expect(places).toEqual([]);
    for (const process of ['gateway', 'runner'] as const) {
      for (const bucket of ['lake', 'models'] as const) {
        const folders = CALLERS.filter((caller) => caller.process === process && caller.bucket === bucket);
        const made = calls.filter(({ file }) => folders.some(({ folder }) => file.startsWith(folder)));
        const used = distinct(made.map(({ method }) => method));
        expect([process, bucket, used]).toEqual([process, bucket, [...STORE_USE[process][bucket]].sort()]);
      }
    }
  });

  it('are in S3 the actions of the commands that each method sends', () => {
    const bodies = bodiesOf('models/artifacts/s3-store.ts');
    for (const method of METHODS) {
      const commands = [...bodies[method].matchAll(/new (\w+Command)\(/g)].map(([, name = '']) => name);
      const actions = commands.map(
        (name) => ACTION_OF_COMMAND[name] ?? expect.fail(`${name} has no row here`),
      );
      const { object, bucket } = S3_ACTIONS[method];
      expect([method, distinct([...object, ...bucket])]).toEqual([method, distinct(actions)]);
    }
  });

  it('are in Cloud Storage the permissions of the calls that each method makes', () => {
    const bodies = bodiesOf('models/artifacts/gcs-store.ts');
    for (const method of METHODS) {
      const calls = Object.keys(PERMISSIONS_OF_CALL).filter((name) => bodies[method].includes(`.${name}(`));
      const permissions = calls.flatMap((name) => PERMISSIONS_OF_CALL[name] ?? []);
      expect([method, distinct(GCS_PERMISSIONS[method])]).toEqual([method, distinct(permissions)]);
    }
  });

  it('cover every package with which the product speaks to a cloud', () => {
    const imported = ['gateway', 'models', 'experiments']
      .flatMap(sourcesOf)
      .flatMap((file) =>
        [
          ...readFileSync(file, 'utf8').matchAll(
            /from '((?:@aws-sdk|@google-cloud|@smithy)\/[^/']+|google-auth-library)/g,
          ),
        ].map(([, name = '']) => name),
      );
    expect(distinct(imported)).toEqual(Object.keys(CLOUD_PACKAGES));
  });
});
