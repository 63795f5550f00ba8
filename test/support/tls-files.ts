import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** PEM files of a private authority, and of a server and a client that it vouches for. */
export interface TlsFiles {
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
}

/** Of this machine; tests that need it fail by name where there is none. */
const OPENSSL = 'openssl';

/** Makes them with the openssl of this machine, valid for a day, the server's for 127.0.0.1. */
export function makeTlsFiles(directory: string): TlsFiles {
  const at = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => execFileSync(OPENSSL, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-subj',
    '/CN=test authority',
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
  );
  const issue = (name: string) => {
    const files = { cert: at(`${name}.pem`), key: at(`${name}.key`) };
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-subj',
      `/CN=${name}`,
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-addext',
      'basicConstraints=critical,CA:FALSE',
      '-CA',
      at('ca.pem'),
      '-CAkey',
      at('ca.key'),
      '-keyout',
      files.key,
      '-out',
      files.cert,
    );
    return files;
  };
  return { ca: at('ca.pem'), server: issue('server'), client: issue('client') };
}
