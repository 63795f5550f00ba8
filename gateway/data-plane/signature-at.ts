import type { Target } from '../../models/catalogue/target.ts';
import { signatureOf } from '../../models/codecs/signature-of.ts';
import type { Signature } from '../../models/codecs/tensor.ts';
import { nestedKey } from '../catalogue/resources.ts';
import type { RequestContext } from '../http/request-context.ts';
import { Problem } from '../problems.ts';
import type { Targets } from '../targets/targets.ts';
import type { AttemptPlan } from './plan-attempts.ts';
import type { Deadline } from './run-plan.ts';

/** A fraction of a millisecond is no time to ask anybody anything; timers end that much early. */
const MIN_MS = 1;

/** Versions are immutable and a new configuration brings new targets: what was read once stays true. */
const known = new WeakMap<Target, Signature>();

/**
 * What the model behind the assigned target takes and gives: as its version was registered, or as the target says, or
 * one of its twins, within the deadline. Throws `target-failed` or `deadline-exceeded` while nobody says so.
 */
export async function signatureAt(
  targets: Targets,
  { context, plan, deadline }: SignatureOptions,
): Promise<Signature> {
  const { assigned } = plan;
  const found = known.get(assigned) ?? registeredSignature(context, assigned);
  if (found !== undefined) return found;
  const places = plan.steps.filter(({ role }) => role === null || role === 'twin');
  for (const [index, { target }] of places.entries()) {
    const shareMs = (deadline.atMs - performance.now()) / (places.length - index);
    const metadata = shareMs < MIN_MS ? null : await targets.metadata(target, context.requestId, shareMs);
    const signature = metadata === null ? null : signatureOf(metadata);
    if (signature === null) continue;
    known.set(assigned, signature);
    return signature;
  }
  throw new Problem(
    deadline.atMs - performance.now() < MIN_MS ? 'deadline-exceeded' : 'target-failed',
    'the model does not say what it takes and gives now, which this protocol needs: register its version with its signature',
  );
}

interface SignatureOptions {
  readonly context: RequestContext;
  readonly plan: AttemptPlan;
  readonly deadline: Deadline;
}

function registeredSignature(
  { configuration }: RequestContext,
  { model, version }: Target,
): Signature | undefined {
  if (model === undefined || version === undefined) return undefined;
  return configuration?.snapshot.versions.get(nestedKey(model, version))?.signature;
}
