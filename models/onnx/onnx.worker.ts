import { parentPort } from 'node:worker_threads';
import type { Tensor } from '../codecs/tensor.ts';
import { failureOf, ModelError } from './model-error.ts';
import { type OrtSession, openSession, runSession, syntheticInput } from './ort-tensor.ts';
import type { WorkerReply, WorkerTask } from './worker-messages.ts';

/** One thread of the pool: it holds a session of every model and does one task after the other. */
const sessions = new Map<string, OrtSession>();

async function perform(task: WorkerTask): Promise<readonly Tensor[]> {
  if (task.kind === 'load') {
    const session = await openSession(task.path);
    const { inputs, outputs } = task.signature;
    // The first run allocates what later ones reuse: it belongs to the load, not to somebody's request.
    const names = outputs.map(({ name }) => name);
    await runSession(session, inputs.map(syntheticInput), names);
    sessions.set(task.key, session);
    return [];
  }
  const session = sessions.get(task.key);
  if (session === undefined) throw new ModelError('unknown-model', `${task.key} is not loaded`);
  if (task.kind === 'run') return runSession(session, task.inputs, task.outputs);
  sessions.delete(task.key);
  await session.release();
  return [];
}

async function answer(task: WorkerTask): Promise<void> {
  let reply: WorkerReply;
  try {
    reply = { ok: true, outputs: await perform(task) };
  } catch (error) {
    reply = { ok: false, failure: failureOf(error) };
  }
  parentPort?.postMessage(reply, reply.ok ? buffersOf(reply.outputs) : []);
}

/** Outputs belong to nobody here any more: their memory moves instead of being copied. */
function buffersOf(tensors: readonly Tensor[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of tensors) {
    if (ArrayBuffer.isView(data) && data.buffer instanceof ArrayBuffer) buffers.add(data.buffer);
  }
  return [...buffers];
}

let last = Promise.resolve();
parentPort?.on('message', (task: WorkerTask) => {
  last = last.then(() => answer(task));
});
