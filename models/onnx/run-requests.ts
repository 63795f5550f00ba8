import type { Tensor } from '../codecs/tensor.ts';
import { rowsOf, splitOutputs, stackInputs } from './batch.ts';
import { failureOf, type ModelFailure } from './model-error.ts';
import { type OrtSession, runSession } from './ort-tensor.ts';

/** One inference as a thread is asked for it. */
export interface RunRequest {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
}

export type RunResult =
  | { readonly ok: true; readonly outputs: readonly Tensor[] }
  | { readonly ok: false; readonly failure: ModelFailure };

/**
 * Runs requests of one batch key, as one run where there are several. When that fails each is run by itself, so
 * that what is wrong with one fails no other.
 */
export async function runRequests(
  session: OrtSession,
  requests: readonly RunRequest[],
): Promise<RunResult[]> {
  if (requests.length > 1) {
    const together = await runTogether(session, requests).catch(() => null);
    if (together !== null) return together;
  }
  const results: RunResult[] = [];
  for (const { inputs, outputs } of requests) {
    const result = await runSession(session, inputs, outputs).then(
      (produced): RunResult => ({ ok: true, outputs: produced }),
      (error: unknown): RunResult => ({ ok: false, failure: failureOf(error) }),
    );
    results.push(result);
  }
  return results;
}

async function runTogether(session: OrtSession, requests: readonly RunRequest[]): Promise<RunResult[]> {
  const inputs = stackInputs(requests.map((request) => request.inputs));
  const names = [...new Set(requests.flatMap(({ outputs }) => outputs))];
  const produced = await runSession(session, inputs, names);
  const parts = splitOutputs(
    produced,
    requests.map((request) => rowsOf(request.inputs) ?? 0),
  );
  return requests.map(({ outputs }, index) => ({
    ok: true,
    outputs: outputs.flatMap((name) => parts[index]?.find((part) => part.name === name) ?? []),
  }));
}
