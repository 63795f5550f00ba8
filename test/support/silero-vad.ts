import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Silero VAD, a voice detector that its makers published, from inside of an npm package (MIT). */
const PACKAGE = '@ricky0123/vad-web@0.0.31';
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'switchyard-test');
const DIRECTORY = join(CACHE, 'vad-web-0.0.31');
/** The model's file, once `whyNoSileroVad` has said null. */
export const SILERO_VAD = join(DIRECTORY, 'package', 'dist', 'silero_vad_v5.onnx');

/** Null when the model is there or could be fetched; else why not. */
export function whyNoSileroVad(): string | null {
  if (existsSync(SILERO_VAD)) return null;
  const partial = `${DIRECTORY}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  const packed = spawnSync('npm', ['pack', PACKAGE, '--silent', '--pack-destination', partial]);
  spawnSync('tar', ['xzf', join(partial, 'ricky0123-vad-web-0.0.31.tgz'), '-C', partial]);
  if (existsSync(join(partial, 'package'))) renameSync(partial, DIRECTORY);
  return existsSync(SILERO_VAD)
    ? null
    : `npm could not fetch ${PACKAGE}: ${String(packed.stderr).slice(0, 200)}`;
}
