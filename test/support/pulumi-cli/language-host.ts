import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { handleServerStreamingCall, handleUnaryCall } from '@grpc/grpc-js';
import { LanguageRuntimeService } from '@pulumi/pulumi/proto/language_grpc_pb.js';
import language from '@pulumi/pulumi/proto/language_pb.js';
import plugin from '@pulumi/pulumi/proto/plugin_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { servePlugin } from './serve.ts';

/**
 * Stands in for Pulumi's language host of Node, which no registry here has: it starts the SDK's own runners with
 * the arguments that the real one gives them, and nothing else.
 */
const RUNNER = fileURLToPath(import.meta.resolve('@pulumi/pulumi/cmd/run/index.js'));
const POLICY_RUNNER = fileURLToPath(import.meta.resolve('@pulumi/pulumi/cmd/run-policy-pack/index.js'));
const engineAddress = process.argv.at(-1) ?? '';

const run: handleUnaryCall<language.RunRequest, language.RunResponse> = ({ request }, answer) => {
  runProgram(request).then(
    (problem) => answer(null, new language.RunResponse().setError(problem)),
    (error: Error) => answer(error, null),
  );
};

/** Empty when the program ended well. */
async function runProgram(request: language.RunRequest): Promise<string> {
  const info = request.getInfo();
  if (info === undefined) throw new Error('this engine is too old: it does not say where the program is');
  const options: [string, string][] = [
    ['project', request.getProject()],
    ['stack', request.getStack()],
    ['organization', request.getOrganization()],
    ['root-directory', info.getRootDirectory()],
    ['pwd', info.getProgramDirectory()],
    ['monitor', request.getMonitorAddress()],
    ['engine', engineAddress],
    ['parallel', String(request.getParallel())],
  ];
  const program = spawn(
    process.execPath,
    [
      RUNNER,
      ...options.map(([name, value]) => `--${name}=${value}`),
      ...(request.getDryrun() ? ['--dry-run'] : []),
      info.getEntryPoint(),
    ],
    {
      env: {
        ...process.env,
        PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().toArray())),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        PULUMI_NODEJS_TYPESCRIPT: 'false',
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const [stderr, [code]] = await Promise.all([text(program.stderr), once(program, 'exit')]);
  return code === 0 ? '' : `the program ended with ${code}: ${stderr}`;
}

/** A policy pack, by the SDK's runner of those; what it prints is passed on, its port among it. */
const runPlugin: handleServerStreamingCall<language.RunPluginRequest, language.RunPluginResponse> = (
  call,
) => {
  const { request } = call;
  // The pack's own directory: the SDK looks for the pack's version there.
  const directory = request.getInfo()?.getProgramDirectory() ?? request.getPwd();
  const plugin = spawn(process.execPath, [POLICY_RUNNER, ...request.getArgsList(), directory], {
    cwd: directory,
    env: Object.fromEntries(request.getEnvList().map(variable)),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  plugin.stdout.on('data', (chunk: Buffer) => call.write(new language.RunPluginResponse().setStdout(chunk)));
  plugin.stderr.on('data', (chunk: Buffer) => call.write(new language.RunPluginResponse().setStderr(chunk)));
  plugin.on('exit', (code) => {
    call.write(new language.RunPluginResponse().setExitcode(code ?? 1));
    call.end();
  });
  call.on('cancelled', () => plugin.kill());
};

const variable = (text: string): [string, string] => {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
};

await servePlugin(LanguageRuntimeService, {
  run,
  runPlugin,
  getPluginInfo: ((_call, answer) =>
    answer(null, new plugin.PluginInfo().setVersion('3.270.0'))) satisfies handleUnaryCall<
    empty.Empty,
    plugin.PluginInfo
  >,
  getRequiredPackages: ((_call, answer) =>
    answer(null, new language.GetRequiredPackagesResponse())) satisfies handleUnaryCall<
    language.GetRequiredPackagesRequest,
    language.GetRequiredPackagesResponse
  >,
  getRequiredPlugins: ((_call, answer) =>
    answer(null, new language.GetRequiredPluginsResponse())) satisfies handleUnaryCall<
    language.GetRequiredPluginsRequest,
    language.GetRequiredPluginsResponse
  >,
  cancel: ((_call, answer) => answer(null, new empty.Empty())) satisfies handleUnaryCall<
    empty.Empty,
    empty.Empty
  >,
});
