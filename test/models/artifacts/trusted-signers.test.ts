import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { attestedText, distrust, readTrustedSigners } from '../../../models/artifacts/trusted-signers.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const der = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
const version = { model: 'ranker', version: 'v1', sha256: 'a'.repeat(64) };
const signed = (text: string, key = 'release') => ({
  ...version,
  attestation: { key, ed25519: sign(null, Buffer.from(text), privateKey).toString('base64') },
});
const { signers } = readTrustedSigners({ SWITCHYARD_SIGNER_RELEASE: der, PATH: '/bin' });

describe('signatures over artifacts', () => {
  it('are asked for only where somebody is trusted', () => {
    expect(distrust(version, new Map())).toBeNull();
    expect(distrust(version, signers)).toContain('no signature');
  });

  it('are good for the version, the digest and the signer that they name', () => {
    expect(distrust(signed(attestedText(version)), signers)).toBeNull();
    expect(distrust({ ...signed(attestedText(version)), version: 'v2' }, signers)).toContain('is not of');
    expect(distrust({ ...signed(attestedText(version)), sha256: 'b'.repeat(64) }, signers)).toContain(
      'is not of',
    );
    expect(distrust(signed(attestedText(version), 'stranger'), signers)).toContain('not trusted');
  });

  it('are checked with keys as PEM or base64, and with no other', () => {
    const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
    expect(readTrustedSigners({ SWITCHYARD_SIGNER_A: pem }).signers.has('a')).toBe(true);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({
      format: 'pem',
      type: 'spki',
    });
    for (const wrong of ['x', String(rsa)]) {
      expect(readTrustedSigners({ SWITCHYARD_SIGNER_A: wrong }).problems).toEqual([
        expect.stringContaining('SWITCHYARD_SIGNER_A: must be an Ed25519 public key'),
      ]);
    }
  });
});
