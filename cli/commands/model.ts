import { createHash, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Argument, Command, InvalidArgumentError } from 'commander';
import { ObjectStoreError } from '../../models/artifacts/object-store.ts';
import { type Context, contextOf } from '../context.ts';
import { RefusedError } from '../gateway-client.ts';
import type { Progress } from '../progress.ts';

interface PushOptions {
  readonly to: readonly string[];
  readonly description?: string;
  readonly trainingRun?: string;
  readonly signAs?: string;
}

/** `switchyard model …`: bring models to where they are served from. */
export function modelCommand(): Command {
  const command = new Command('model').description('bring models to where they are served from');
  command
    .command('push')
    .description('check an ONNX file, upload it and register it as a version')
    .addArgument(
      new Argument(
        '<model/version>',
        'what it becomes: a model is registered if it is new, a version has to be',
      ).argParser(parseName),
    )
    .argument('<file>', 'the ONNX model')
    .requiredOption(
      '--to <uri...>',
      'buckets or directories: s3://bucket/prefix, gs://bucket/prefix, file:///directory',
    )
    .option('--description <text>', 'for people')
    .option('--training-run <id>', 'where it comes from')
    .option(
      '--sign-as <key>',
      'sign it by the Ed25519 key in SWITCHYARD_SIGNING_KEY (PKCS #8, PEM), under this name',
    )
    .action((name: Name, file: string, options: PushOptions, self: Command) =>
      push(contextOf(self), { ...name, file, ...options }),
    );
  return command;
}

interface Name {
  readonly model: string;
  readonly version: string;
}

interface Push extends PushOptions, Name {
  readonly file: string;
}

function parseName(name: string): Name {
  const [model, version, ...rest] = name.split('/');
  if (!model || !version || rest.length > 0) {
    throw new InvalidArgumentError(`"${name}" must be a model and a version, as in movie-ranker/v3`);
  }
  return { model, version };
}

async function push(
  context: Context,
  { model, version, description, trainingRun, ...push }: Push,
): Promise<void> {
  const { terminal, gateway } = context;
  const { progress } = terminal;
  const artifact = await checkedAndUploaded(progress, { model, version, ...push }).finally(progress.end);
  await registerModel(context, model);
  const registered = await gateway.ask(`/admin/v1/models/${encodeURIComponent(model)}/versions`, {
    method: 'POST',
    body: {
      version,
      ...artifact,
      description,
      trainingRun,
      ...(push.signAs === undefined
        ? {}
        : { attestation: attest(push.signAs, `${model}/${version}:${artifact.sha256}`) }),
    },
  });
  const { inputs, outputs } = artifact.signature;
  const size = `${artifact.sizeBytes.toLocaleString('en')} bytes`;
  const line = `Registered ${model}/${version}: ${size}, ${inputs.length} inputs, ${outputs.length} outputs`;
  terminal.result(registered, [line, ...artifact.artifacts.map((uri) => `  ${uri}`)].join('\n'));
}

/** Runs the model once, copies it to each place, and says what a version of it is to be registered with. */
async function checkedAndUploaded(
  progress: Progress,
  { model, version, file, to }: Name & Pick<Push, 'file' | 'to'>,
) {
  const path = resolve(file);
  const content = await readFile(path);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const steps = to.length + 1;
  progress.at(0, steps, `running ${path} once`);
  // Here and not above: ONNX Runtime and the clouds' clients would slow every other command down.
  const { runCanary } = await import('../../models/onnx/run-canary.ts');
  const { signature } = await runCanary({ path });
  const artifacts: string[] = [];
  for (const [index, root] of to.entries()) {
    progress.at(1 + index, steps, `${content.length.toLocaleString('en')} bytes to ${root}`);
    artifacts.push(await upload(root, `${model}/${version}/${sha256}.onnx`, content));
  }
  return { sha256, sizeBytes: content.length, artifacts, signature };
}

/** The object's URI. Its name holds its digest, so what is there already is the same. */
async function upload(root: string, name: string, content: Buffer): Promise<string> {
  const { openObjectStore } = await import('../../models/artifacts/open-object-store.ts');
  const store = openObjectStore(root.replace(/\/$/, ''));
  try {
    await store.write(name, content, { ifAbsent: true });
  } catch (error) {
    if (!(error instanceof ObjectStoreError) || error.code !== 'exists') throw error;
  }
  return `${store.uri}/${name}`;
}

async function registerModel({ gateway }: Context, key: string): Promise<void> {
  try {
    await gateway.ask('/admin/v1/models', { method: 'POST', body: { key } });
  } catch (error) {
    // It is there already, which is as good.
    if (!(error instanceof RefusedError) || error.status !== 409) throw error;
  }
}

/** An Ed25519 signature over what a version is, as runners check it against the keys that they trust. */
function attest(key: string, text: string): { readonly key: string; readonly ed25519: string } {
  const pem = process.env['SWITCHYARD_SIGNING_KEY'];
  if (pem === undefined || pem === '') {
    throw new Error(
      'SWITCHYARD_SIGNING_KEY is not set: put the private key there as PEM, or leave --sign-as out',
    );
  }
  return { key, ed25519: sign(null, Buffer.from(text, 'utf8'), pem).toString('base64') };
}
