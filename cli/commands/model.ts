import { createHash, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { ObjectStoreError } from '../../models/artifacts/object-store.ts';
import { openObjectStore } from '../../models/artifacts/open-object-store.ts';
import { runCanary } from '../../models/onnx/run-canary.ts';
import { type Context, contextOf } from '../context.ts';
import { RefusedError } from '../gateway-client.ts';

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
    .argument('<model/version>', 'what it becomes: a model is registered if it is new, a version has to be')
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
    .action((name: string, file: string, options: PushOptions, self: Command) =>
      push(contextOf(self), { ...parseName(name), file, ...options }),
    );
  return command;
}

interface Push extends PushOptions {
  readonly model: string;
  readonly version: string;
  readonly file: string;
}

function parseName(name: string): { readonly model: string; readonly version: string } {
  const [model, version, ...rest] = name.split('/');
  if (!model || !version || rest.length > 0) {
    throw new InvalidArgumentError(`"${name}" must be a model and a version, as in movie-ranker/v3`);
  }
  return { model, version };
}

async function push(context: Context, { model, version, file, ...options }: Push): Promise<void> {
  const { terminal, gateway } = context;
  const path = resolve(file);
  const content = await readFile(path);
  const sha256 = createHash('sha256').update(content).digest('hex');
  terminal.say(`Checking ${path} (${content.length.toLocaleString('en')} bytes) …`);
  const { signature } = await runCanary({ path });
  terminal.say(
    `  runs: ${signature.inputs.length} inputs, ${signature.outputs.length} outputs, sha256 ${sha256.slice(0, 12)}…`,
  );
  const name = `${model}/${version}/${sha256}.onnx`;
  const artifacts: string[] = [];
  for (const root of options.to) {
    terminal.say(`Uploading to ${root} …`);
    artifacts.push(await upload(root, name, content));
  }
  await registerModel(context, model);
  const registered = await gateway.ask(`/admin/v1/models/${encodeURIComponent(model)}/versions`, {
    method: 'POST',
    body: {
      version,
      sha256,
      sizeBytes: content.length,
      artifacts,
      signature,
      ...(options.description === undefined ? {} : { description: options.description }),
      ...(options.trainingRun === undefined ? {} : { trainingRun: options.trainingRun }),
      ...(options.signAs === undefined
        ? {}
        : { attestation: attest(options.signAs, `${model}/${version}:${sha256}`) }),
    },
  });
  terminal.result(registered, `Registered ${model}/${version}`);
}

/** The object's URI. Its name holds its digest, so what is there already is the same. */
async function upload(root: string, name: string, content: Buffer): Promise<string> {
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
