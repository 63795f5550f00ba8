import type { Logger } from 'pino';
import { openObjectStore } from '../models/artifacts/open-object-store.ts';
import type { GatewayConfig } from './config.ts';
import { startServing } from './serving.ts';
import { createTelemetry } from './telemetry/metrics.ts';
import type { SupervisorMessage, WorkerMessage } from './workers.ts';

/** One of several serving processes: it serves, and asks the first process for what there is only once. */
export async function runWorker(config: GatewayConfig, logger: Logger): Promise<void> {
  if (config.mongodbUri === null)
    throw new Error('a worker is told its database by the process that starts it');
  const telemetry = createTelemetry();
  const waiting = new Map<number, () => void>();
  let nextId = 0;
  const say = (message: WorkerMessage) => process.send?.(message);
  const serving = await startServing({
    config,
    mongodbUri: config.mongodbUri,
    lake: openObjectStore(config.lakeUri),
    logger,
    telemetry,
    shipSpool: () =>
      new Promise<void>((resolve) => {
        const id = nextId++;
        waiting.set(id, resolve);
        say({ say: 'ship', id });
      }),
  });
  process.on('message', (message: SupervisorMessage) => {
    switch (message.say) {
      case 'shipped':
        waiting.get(message.id)?.();
        waiting.delete(message.id);
        return;
      case 'seal':
        void serving.spool.seal().then(() => say({ say: 'sealed', id: message.id }));
        return;
      case 'measure':
        void telemetry.registry
          .getMetricsAsJSON()
          .then((families) => say({ say: 'measured', id: message.id, families }));
        return;
      case 'stop':
        void serving.stop().then(() => process.disconnect());
    }
  });
  say({ say: 'listening', url: serving.url });
}
