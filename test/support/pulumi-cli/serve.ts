import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';

/** Serves a plugin of the Pulumi CLI: it finds the port in the first line that the plugin prints. */
export async function servePlugin(
  service: ServiceDefinition,
  implementation: UntypedServiceImplementation,
): Promise<void> {
  const server = new Server({ 'grpc.max_receive_message_length': -1 });
  server.addService(service, implementation);
  const port = await new Promise<number>((done, fail) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? fail(error) : done(bound),
    ),
  );
  process.stdout.write(`${port}\n`);
}
