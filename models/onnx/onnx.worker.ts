import { parentPort } from 'node:worker_threads';
import { failureOf, ModelError } from './model-error.ts';
import { type OrtSession, openSession, runSession } from './ort-tensor.ts';
import { type RunResult, runRequests } from './run-requests.ts';
import type { WorkerReply, WorkerTask } from './worker-messages.ts';

/** One thread of the pool: it holds a session of every model and does one task after the other. */
const sessions = new Map<string, OrtSession>();

async function perform(task: WorkerTask): Promise<readonly RunResult[]> {
  if (task.kind === 'load') {
    const session = await openSession(task.path);
    // The first run allocates what later ones reuse: it belongs to the load, not to somebody's request.
    await runSession(session, task.warmUp, session.outputNames);
    sessions.set(task.key, session);
    return [];
  }
  const session = sessions.get(task.key);
  if (session === undefined) throw new ModelError('unknown-model', `${task.key} is not loaded`);
  if (task.kind === 'run') return runRequests(session, task.requests);
  sessions.delete(task.key);
  await session.release();
  return [];
}

async function answer(task: WorkerTask): Promise<void> {
  let reply: WorkerReply;
  try {
    reply = { ok: true, results: await perform(task) };
  } catch (error) {
    reply = { ok: false, failure: failureOf(error) };
  }
  parentPort?.postMessage(reply, reply.ok ? buffersOf(reply.results) : []);
}

/** Outputs belong to nobody here any more: their memory moves instead of being copied. */
function buffersOf(results: readonly RunResult[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const result of results) {
    for (const { data } of result.ok ? result.outputs : []) {
      if (ArrayBuffer.isView(data) && data.buffer instanceof ArrayBuffer) buffers.add(data.buffer);
    }
  }
  return [...buffers];
}

let last = Promise.resolve();
parentPort?.on('message', (task: WorkerTask) => {
  last = last.then(() => answer(task));
});
