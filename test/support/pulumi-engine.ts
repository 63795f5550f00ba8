import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type handleUnaryCall, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { EngineService } from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import engine from '@pulumi/pulumi/proto/engine_pb.js';
import { ResourceMonitorService } from '@pulumi/pulumi/proto/resource_grpc_pb.js';
import monitor from '@pulumi/pulumi/proto/resource_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import struct from 'google-protobuf/google/protobuf/struct_pb.js';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RUNNER = fileURLToPath(import.meta.resolve('@pulumi/pulumi/cmd/run/index.js'));

/** Longer than any program takes on a busy machine: one that hangs is ended, and has no exit code. */
export const PROGRAM_TIMEOUT_MS = 90_000;

export type Properties = Readonly<Record<string, struct.JavaScriptValue>>;

/** A resource as the program registered it. */
export interface Registered {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly parent: string;
  /** `urn::id` of an explicit provider; empty for none. */
  readonly provider: string;
  readonly protect: boolean;
  readonly dependencies: readonly string[];
  /** Secrets as `SECRET`: what is under the engine's mark is for the engine alone. */
  readonly inputs: Properties;
}

/** A stack, as a Pulumi.<name>.yaml and its file name say it, and its secrets as the CLI decrypts them. */
export interface Stack {
  readonly name: string;
  readonly config: Properties;
  readonly secrets: Readonly<Record<string, string>>;
}

export interface ProgramRun {
  readonly exitCode: number | null;
  /** What the program logged as errors, which the Pulumi CLI would show. */
  readonly errors: readonly string[];
  readonly stderr: string;
  readonly resources: readonly Registered[];
  readonly outputs: Properties;
}

/**
 * Runs the project's Pulumi program, unmodified and by the SDK's own runner, as the CLI's language host does,
 * against an engine of ours: a preview with unknowns, or an update in which `computed` stands for the cloud and
 * gives what a resource has beyond its inputs.
 */
export async function runProgram(
  stack: Stack,
  options: { readonly dryRun: true } | { readonly dryRun: false; computed(resource: Registered): Properties },
): Promise<ProgramRun> {
  const project = parse(await readFile(resolve(ROOT, 'Pulumi.yaml'), 'utf8'));
  const main = resolve(ROOT, project.main);
  const deployment = new Deployment(`${stack.name}::${project.name}`, {
    computed: options.dryRun ? null : options.computed,
    secrets: Object.values(stack.secrets),
  });
  const address = await deployment.listen();
  try {
    const program = spawn(
      process.execPath,
      [
        RUNNER,
        `--project=${project.name}`,
        `--stack=${stack.name}`,
        `--root-directory=${ROOT}`,
        `--pwd=${dirname(main)}`,
        `--monitor=${address}`,
        `--engine=${address}`,
        ...(options.dryRun ? ['--dry-run'] : []),
        basename(main),
      ],
      {
        env: {
          PATH: process.env['PATH'],
          PULUMI_CONFIG: JSON.stringify(configOf(project.name, { ...stack.config, ...stack.secrets })),
          PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(
            Object.keys(stack.secrets).map((key) => `${project.name}:${key}`),
          ),
          PULUMI_NODEJS_TYPESCRIPT: String(project.runtime.options.typescript),
        },
        stdio: ['ignore', 'ignore', 'pipe'],
        timeout: PROGRAM_TIMEOUT_MS,
      },
    );
    const [stderr, [exitCode]] = await Promise.all([text(program.stderr), once(program, 'exit')]);
    const { errors, resources, outputs } = deployment;
    return { exitCode, errors, stderr, resources, outputs };
  } finally {
    deployment.close();
  }
}

/** The CLI hands every setting over as text under its project's name, objects as JSON. */
function configOf(project: string, config: Properties): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key.includes(':') ? key : `${project}:${key}`,
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  );
}

/** What stands in the properties of a test for a secret, wherever the program has marked it as one. */
const SECRET = '[secret]';

/** How a secret crosses the wire. https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/properties.go */
const SIGNATURE = '4dabf18193072939515e22adb298388d';
const SECRET_SIGNATURE = '1b47061264138c4ac30d75fd1eb44270';

function withoutSecrets(value: struct.JavaScriptValue): struct.JavaScriptValue {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  if (Reflect.get(value, SIGNATURE) === SECRET_SIGNATURE) return SECRET;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSecrets(inner)]));
}

/** One preview or update: the engine's two services, with the engine's own rules on URNs and references. */
class Deployment {
  readonly errors: string[] = [];
  readonly resources: Registered[] = [];
  outputs: Properties = {};
  readonly #server = new Server();
  readonly #place: string;
  readonly #computed: ((resource: Registered) => Properties) | null;
  readonly #secrets: readonly string[];

  constructor(
    place: string,
    options: {
      readonly computed: ((resource: Registered) => Properties) | null;
      /** Texts that must never cross the wire but as secrets. */
      readonly secrets: readonly string[];
    },
  ) {
    this.#place = place;
    this.#computed = options.computed;
    this.#secrets = options.secrets;
  }

  async listen(): Promise<string> {
    this.#server.addService(EngineService, { log: this.#log });
    this.#server.addService(ResourceMonitorService, {
      getDeploymentInfo: this.#getDeploymentInfo,
      registerResource: this.#registerResource,
      registerResourceOutputs: this.#registerResourceOutputs,
      signalAndWaitForShutdown: this.#signalAndWaitForShutdown,
    });
    const port = await new Promise<number>((done, fail) =>
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? fail(error) : done(bound),
      ),
    );
    return `127.0.0.1:${port}`;
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #log: handleUnaryCall<engine.LogRequest, empty.Empty> = ({ request }, answer) => {
    if (request.getSeverity() === engine.LogSeverity.ERROR) this.errors.push(request.getMessage());
    answer(null, new empty.Empty());
  };

  #getDeploymentInfo: handleUnaryCall<empty.Empty, monitor.DeploymentInfo> = (_call, answer) => {
    const { RESOURCE_MONITOR_FEATURE_SECRETS, RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES } =
      monitor.ResourceMonitorFeature;
    const features = [RESOURCE_MONITOR_FEATURE_SECRETS, RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES];
    answer(null, new monitor.DeploymentInfo().setSupportedfeaturesList(features));
  };

  #registerResource: handleUnaryCall<monitor.RegisterResourceRequest, monitor.RegisterResourceResponse> = (
    { request },
    answer,
  ) => {
    const resource = this.#read(request);
    const problem = this.#problemWith(resource);
    if (problem !== null) return answer({ code: status.INVALID_ARGUMENT, details: problem });
    this.resources.push(resource);
    const response = new monitor.RegisterResourceResponse().setUrn(resource.urn);
    if (request.getCustom()) {
      const computed = this.#computed?.(resource) ?? {};
      if (this.#computed !== null) response.setId(`id-of-${resource.name}`);
      const inputs = request.getObject()?.toJavaScript() ?? {};
      response.setObject(struct.Struct.fromJavaScript({ ...inputs, ...computed }));
    }
    answer(null, response);
  };

  #registerResourceOutputs: handleUnaryCall<monitor.RegisterResourceOutputsRequest, empty.Empty> = (
    { request },
    answer,
  ) => {
    const stack = this.resources.find(({ type }) => type === 'pulumi:pulumi:Stack');
    const outputs = withoutSecrets(request.getOutputs()?.toJavaScript() ?? {}) as Properties;
    if (request.getUrn() === stack?.urn) this.outputs = outputs;
    if (this.#tells(outputs)) {
      return answer({ code: status.INVALID_ARGUMENT, details: `${request.getUrn()} tells a secret` });
    }
    answer(null, new empty.Empty());
  };

  #signalAndWaitForShutdown: handleUnaryCall<empty.Empty, empty.Empty> = (_call, answer) =>
    answer(null, new empty.Empty());

  #read(request: monitor.RegisterResourceRequest): Registered {
    const parent = request.getParent();
    // A URN spells the types of all ancestors but the stack.
    const ancestors = parent.split('::')[2] ?? '';
    const type = request.getType();
    const types = ancestors === '' || ancestors === 'pulumi:pulumi:Stack' ? type : `${ancestors}$${type}`;
    return {
      urn: `urn:pulumi:${this.#place}::${types}::${request.getName()}`,
      type,
      name: request.getName(),
      parent,
      provider: request.getProvider(),
      protect: request.getProtect() ?? false,
      dependencies: request.getDependenciesList(),
      inputs: withoutSecrets(request.getObject()?.toJavaScript() ?? {}) as Properties,
    };
  }

  #tells(properties: Properties): boolean {
    const text = JSON.stringify(properties);
    return this.#secrets.some((secret) => text.includes(secret));
  }

  #problemWith({ urn, parent, provider, dependencies, inputs }: Registered): string | null {
    if (this.#tells(inputs)) return `${urn} tells a secret`;
    const known = new Set(this.resources.map((resource) => resource.urn));
    if (known.has(urn)) return `Duplicate resource URN '${urn}'; try giving it a unique name`;
    const references = [parent, provider.split('::').slice(0, 4).join('::'), ...dependencies];
    const missing = references.find((reference) => reference !== '' && !known.has(reference));
    return missing === undefined ? null : `${urn} refers to '${missing}', which is not registered`;
  }
}
