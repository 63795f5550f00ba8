import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { Attestation } from '../catalogue/model.ts';

/** Variables `SWITCHYARD_SIGNER_<NAME>` each hold a public key; an attestation names it in lower case. */
const PREFIX = 'SWITCHYARD_SIGNER_';

export type TrustedSigners = ReadonlyMap<string, KeyObject>;

/**
 * The signers that the environment names: Ed25519 public keys, as PEM or as the base64 of their DER form. Without
 * any, nothing needs a signature; with one, everything does.
 */
export function readTrustedSigners(environment: Readonly<Record<string, string | undefined>>): {
  readonly signers: TrustedSigners;
  readonly problems: readonly string[];
} {
  const signers = new Map<string, KeyObject>();
  const problems: string[] = [];
  for (const [name, value = ''] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || value === '') continue;
    const key = publicKeyOf(value);
    if (key === null)
      problems.push(`${name}: must be an Ed25519 public key, as PEM or as base64 of its DER form`);
    else signers.set(name.slice(PREFIX.length).toLowerCase(), key);
  }
  return { signers, problems };
}

function publicKeyOf(text: string): KeyObject | null {
  try {
    const key = text.includes('-----BEGIN')
      ? createPublicKey(text)
      : createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' ? key : null;
  } catch {
    // No key in any form: the caller names the variable.
    return null;
  }
}

interface Signed {
  readonly model: string;
  readonly version: string;
  readonly sha256: string;
  readonly attestation?: Attestation | undefined;
}

/** What a signer signs: the digest together with the name, so that a signed artifact cannot pass for another version. */
export function attestedText({ model, version, sha256 }: Omit<Signed, 'attestation'>): string {
  return `${model}/${version}:${sha256}`;
}

/** Why a version is not to be trusted; null when it is, or when no signature is asked for. */
export function distrust(signed: Signed, signers: TrustedSigners): string | null {
  if (signers.size === 0) return null;
  const { attestation } = signed;
  const known = [...signers.keys()].join(', ');
  if (attestation === undefined)
    return `it has no signature; one of ${known} must sign "${attestedText(signed)}"`;
  const signer = signers.get(attestation.key);
  if (signer === undefined)
    return `it is signed by "${attestation.key}", who is not trusted here: ${known} are`;
  const genuine = verify(
    null,
    Buffer.from(attestedText(signed)),
    signer,
    Buffer.from(attestation.ed25519, 'base64'),
  );
  return genuine ? null : `the signature of "${attestation.key}" is not of "${attestedText(signed)}"`;
}
