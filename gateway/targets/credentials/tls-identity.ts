import { readFileSync, statSync } from 'node:fs';
import type { TargetTls } from '../../../models/catalogue/target-credentials.ts';

/** PEM texts, as `tls.connect` takes them. */
export interface TlsMaterial {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
}

const FIELDS = { cert: 'certFileEnv', key: 'keyFileEnv', ca: 'caFileEnv' } as const;

/** Reads the files that a target's TLS settings name through the environment. Throws when one cannot be read. */
export function tlsMaterial(tls: TargetTls, environment: ReadonlyMap<string, string>): TlsMaterial {
  return Object.fromEntries(
    pathsOf(tls, environment).map(([field, path]) => [field, readFileSync(path, 'utf8')]),
  );
}

/** Changes whenever one of the files does: certificates that end by themselves are replaced on disk. */
export function tlsFingerprint(tls: TargetTls, environment: ReadonlyMap<string, string>): string {
  return pathsOf(tls, environment)
    .map(([, path]) => `${path}@${statSync(path).mtimeMs}`)
    .join();
}

function pathsOf(tls: TargetTls, environment: ReadonlyMap<string, string>): [string, string][] {
  return Object.entries(FIELDS).flatMap(([field, setting]): [string, string][] => {
    const name = tls[setting];
    if (name === undefined) return [];
    const path = environment.get(name);
    if (path === undefined) throw new Error(`the environment variable ${name} is not set`);
    return [[field, path]];
  });
}
