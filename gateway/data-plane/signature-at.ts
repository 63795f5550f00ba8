import type { Target } from '../../models/catalogue/target.ts';
import { signatureOf } from '../../models/codecs/signature-of.ts';
import type { Signature } from '../../models/codecs/tensor.ts';
import { Problem } from '../problems.ts';
import type { Targets } from '../targets/targets.ts';

/** Versions are immutable and a new configuration brings new targets: what was read once stays true. */
const known = new WeakMap<Target, Signature>();

/** What the model behind a target takes and gives. Throws `target-failed` while nobody says so. */
export async function signatureAt(targets: Targets, target: Target, requestId: string): Promise<Signature> {
  const found = known.get(target);
  if (found !== undefined) return found;
  const metadata = await targets.metadata(target, requestId);
  const signature = metadata === null ? null : signatureOf(metadata);
  if (signature === null) {
    throw new Problem(
      'target-failed',
      'the model does not say what it takes and gives now, which this protocol needs',
    );
  }
  known.set(target, signature);
  return signature;
}
