import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Families, mergeFamilies } from '../models/http/metrics-text.ts';
import type { GroupOptions, ServingGroup } from './serving-group.ts';

/** What the processes of one gateway say to each other. */
export type WorkerMessage =
  /** Worker: it listens at this URL. */
  | { readonly say: 'listening'; readonly url: string }
  /** Worker: bring everybody's segments to the lake; answered by `shipped` with the same id. */
  | { readonly say: 'ship'; readonly id: number }
  /** Worker: it has sealed its segments. */
  | { readonly say: 'sealed'; readonly id: number }
  /** Worker: what it has measured so far. */
  | { readonly say: 'measured'; readonly id: number; readonly families: Families };

export type SupervisorMessage =
  | { readonly say: 'shipped'; readonly id: number }
  | { readonly say: 'seal'; readonly id: number }
  | { readonly say: 'measure'; readonly id: number }
  | { readonly say: 'stop' };

/** A worker that does not answer in this time is left out: its segments come with their age, its counts next time. */
const ANSWER_TIMEOUT_MS = 2_000;
const RESTART_PAUSE_MS = 500;
/** Beyond its drain, for what it lets go of afterwards. */
const STOP_GRACE_MS = 5_000;

/** Serves through `WORKERS` processes that share the port; one that dies is replaced. */
export async function startWorkers({
  config,
  mongodbUri,
  logger,
  shipSealed,
}: GroupOptions): Promise<ServingGroup> {
  let stopping = false;
  let nextId = 0;
  const workers = () => Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  const tell = (worker: Worker, message: SupervisorMessage) => {
    if (worker.isConnected()) worker.send(message);
  };
  const fork = () => {
    const worker = cluster.fork({ MONGODB_URI: mongodbUri });
    worker.on('message', (message: WorkerMessage) => {
      if (message.say !== 'ship') return;
      void askAll('seal')
        .then(shipSealed)
        .finally(() => tell(worker, { say: 'shipped', id: message.id }));
    });
    worker.once('exit', (code, signal) => {
      if (stopping) return;
      logger.error({ worker: worker.id, code, signal }, 'a worker died: another one takes its place');
      void sleep(RESTART_PAUSE_MS).then(() => (stopping ? undefined : fork()));
    });
    return worker;
  };
  /** What those workers say who answer in time. */
  const askAll = async (say: 'seal' | 'measure'): Promise<readonly WorkerMessage[]> => {
    const id = nextId++;
    const answers = await Promise.all(
      workers().map((worker) => {
        const answer = messageFrom(
          worker,
          (message) => 'id' in message && message.id === id && message.say !== 'ship',
        );
        tell(worker, { say, id });
        return Promise.race([answer, sleep(ANSWER_TIMEOUT_MS, null)]);
      }),
    );
    return answers.filter((answer) => answer !== null);
  };
  const forked = Array.from({ length: config.workers }, fork);
  const stop = async () => {
    stopping = true;
    const timeoutMs = config.drainMs + STOP_GRACE_MS;
    await Promise.all(workers().map((worker) => stopWorker(worker, timeoutMs)));
  };
  const urls = await Promise.all(forked.map(listeningUrl)).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    url: urls[0] ?? '',
    metrics: async () => {
      const answers = await askAll('measure');
      return mergeFamilies(answers.flatMap((answer) => (answer.say === 'measured' ? [answer.families] : [])));
    },
    stop,
  };
}

async function listeningUrl(worker: Worker): Promise<string> {
  const message = await Promise.race([
    messageFrom(worker, ({ say }) => say === 'listening'),
    once(worker, 'exit').then(([code]) => {
      throw new Error(`a worker ended with code ${code} before it listened`);
    }),
  ]);
  return message.say === 'listening' ? message.url : '';
}

function messageFrom(worker: Worker, wanted: (message: WorkerMessage) => boolean): Promise<WorkerMessage> {
  return new Promise((resolve) => {
    const listener = (message: WorkerMessage) => {
      if (!wanted(message)) return;
      worker.off('message', listener);
      resolve(message);
    };
    worker.on('message', listener);
  });
}

async function stopWorker(worker: Worker, timeoutMs: number): Promise<void> {
  const exited = once(worker, 'exit');
  if (worker.isConnected()) worker.send({ say: 'stop' } satisfies SupervisorMessage);
  await Promise.race([exited, sleep(timeoutMs).then(() => worker.kill('SIGKILL'))]);
}
