import { isDeepStrictEqual } from 'node:util';
import type { handleUnaryCall } from '@grpc/grpc-js';
import plugin from '@pulumi/pulumi/proto/plugin_pb.js';
import { ResourceProviderService } from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import provider from '@pulumi/pulumi/proto/provider_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import struct from 'google-protobuf/google/protobuf/struct_pb.js';
import { decidedByCloud } from '../stand-in-clouds.ts';
import { servePlugin } from './serve.ts';

/**
 * Stands in for a cloud's provider: takes every resource as it is asked for, answers with what the cloud would
 * decide, and remembers nothing. It knows no schema, so it refuses nothing that the cloud would refuse.
 */
const [, , , version = '0.0.0'] = process.argv;

type Unary<Request, Response> = handleUnaryCall<Request, Response>;

const checked: Unary<provider.CheckRequest, provider.CheckResponse> = ({ request }, answer) =>
  answer(null, new provider.CheckResponse().setInputs(request.getNews()));

const diff: Unary<provider.DiffRequest, provider.DiffResponse> = ({ request }, answer) => {
  const { DIFF_NONE, DIFF_SOME } = provider.DiffResponse.DiffChanges;
  const before = request.getOldInputs()?.toJavaScript();
  const after = request.getNews()?.toJavaScript();
  answer(
    null,
    new provider.DiffResponse().setChanges(isDeepStrictEqual(before, after) ? DIFF_NONE : DIFF_SOME),
  );
};

const configure: Unary<provider.ConfigureRequest, provider.ConfigureResponse> = (_call, answer) =>
  answer(
    null,
    new provider.ConfigureResponse()
      .setAcceptsecrets(true)
      .setAcceptresources(true)
      .setAcceptoutputs(true)
      .setSupportspreview(true),
  );

const create: Unary<provider.CreateRequest, provider.CreateResponse> = ({ request }, answer) => {
  const [, , types = '', name = ''] = request.getUrn().split('::');
  const inputs = request.getProperties()?.toJavaScript() ?? {};
  const type = types.split('$').at(-1) ?? '';
  const resource = {
    urn: request.getUrn(),
    type,
    name,
    parent: '',
    provider: '',
    protect: false,
    dependencies: [],
    inputs,
  };
  const decided = request.getPreview() ? {} : decidedByCloud(resource);
  answer(
    null,
    new provider.CreateResponse()
      .setId(request.getPreview() ? '' : `id-of-${name}`)
      .setProperties(struct.Struct.fromJavaScript({ ...inputs, ...decided })),
  );
};

await servePlugin(ResourceProviderService, {
  getPluginInfo: ((_call, answer) =>
    answer(null, new plugin.PluginInfo().setVersion(version))) satisfies Unary<
    empty.Empty,
    plugin.PluginInfo
  >,
  getSchema: ((_call, answer) =>
    answer(null, new provider.GetSchemaResponse().setSchema('{}'))) satisfies Unary<
    provider.GetSchemaRequest,
    provider.GetSchemaResponse
  >,
  checkConfig: checked,
  check: checked,
  diffConfig: diff,
  diff,
  configure,
  create,
  cancel: ((_call, answer) => answer(null, new empty.Empty())) satisfies Unary<empty.Empty, empty.Empty>,
});
