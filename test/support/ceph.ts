import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

const run = promisify(execFile);
const PACKAGES = ['radosgw', 'ceph-mon', 'ceph-osd'];
const PROGRAMS = ['ceph', 'radosgw', 'radosgw-admin', 'ceph-mon', 'ceph-osd', 'ceph-authtool', 'monmaptool'];

/** Credentials of one user of the server. */
export interface S3User {
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface CephServer {
  /** For `AWS_ENDPOINT_URL_S3`. */
  readonly url: string;
  readonly owner: S3User;
  /** Somebody who may not touch what the owner has. */
  readonly stranger: S3User;
  /** Makes the server hang in the middle of whatever it is at, and go on. */
  hang(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** Null when Ceph can run here, installing it where apt and root are at hand; else why it cannot. */
export function whyNoCeph(): string | null {
  const missing = () => PROGRAMS.filter((program) => spawnSync('which', [program]).status !== 0);
  if (missing().length === 0) return null;
  if (process.getuid?.() !== 0 || spawnSync('which', ['apt-get']).status !== 0) {
    return `needs ${PACKAGES.join(', ')}, and cannot install them without apt-get and root`;
  }
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update'], { env: environment });
  spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...PACKAGES], { env: environment });
  return missing().length === 0 ? null : `apt-get could not install ${PACKAGES.join(', ')}`;
}

/** A real S3 server of one machine, in memory: Ceph's monitor, one object daemon and the RADOS gateway. */
export async function startCeph(): Promise<CephServer> {
  const directory = await mkdtemp(join(tmpdir(), 'ceph-'));
  const [monPort, port] = [await freePort(), await freePort()];
  const conf = join(directory, 'ceph.conf');
  const keyring = join(directory, 'keyring');
  const fsid = crypto.randomUUID();
  await writeFile(conf, configuration({ directory, fsid, monPort, port }));
  await mkdir(join(directory, 'osd'));
  const ceph = (program: string, ...parameters: string[]) => run(program, ['-c', conf, ...parameters]);

  await run('ceph-authtool', [
    '--create-keyring',
    keyring,
    '--gen-key',
    '-n',
    'mon.',
    '--cap',
    'mon',
    'allow *',
  ]);
  const caps = ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *', '--cap', 'mgr', 'allow *'];
  await run('ceph-authtool', [keyring, '--gen-key', '-n', 'client.admin', ...caps]);
  const monmap = join(directory, 'monmap');
  await run('monmaptool', ['--create', '--addv', 'a', `[v2:127.0.0.1:${monPort}]`, '--fsid', fsid, monmap]);
  await ceph('ceph-mon', '--mkfs', '-i', 'a', '--monmap', monmap, '--keyring', keyring);

  const daemons: ChildProcess[] = [];
  const start = (program: string, ...parameters: string[]) => {
    const daemon = spawn(program, ['-c', conf, '-f', ...parameters], { stdio: 'ignore' });
    daemons.push(daemon);
    return daemon;
  };
  start('ceph-mon', '-i', 'a');
  const osdId = crypto.randomUUID();
  await ceph('ceph', 'osd', 'new', osdId);
  await ceph('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osdId);
  const osd = start('ceph-osd', '-i', '0');
  const owner = await createUser(ceph, 'owner');
  const stranger = await createUser(ceph, 'stranger');
  start('radosgw', '-n', 'client.admin');
  const url = `http://127.0.0.1:${port}`;
  await answering(url);
  return {
    url,
    owner,
    stranger,
    hang: () => osd.kill('SIGSTOP'),
    resume: () => osd.kill('SIGCONT'),
    async stop() {
      const exits = daemons.map((daemon) => (daemon.exitCode === null ? once(daemon, 'exit') : null));
      for (const daemon of daemons) daemon.kill('SIGKILL');
      await Promise.all(exits);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** No authentication between the daemons, no replicas, memory for disks, and nothing written outside `directory`. */
function configuration(place: { directory: string; fsid: string; monPort: number; port: number }): string {
  return `[global]
fsid = ${place.fsid}
mon host = [v2:127.0.0.1:${place.monPort}]
mon initial members = a
auth cluster required = none
auth service required = none
auth client required = none
keyring = ${place.directory}/keyring
mon data = ${place.directory}/mon
osd data = ${place.directory}/osd
run dir = ${place.directory}
admin socket =
log file = /dev/null
mon cluster log file = /dev/null
osd objectstore = memstore
memstore device bytes = 536870912
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 10000
ms mon client mode = crc secure
paxos propose interval = 0.01
rgw rados pool pg num min = 1
rgw frontends = beast endpoint=127.0.0.1:${place.port} tcp_nodelay=1
`;
}

async function createUser(
  ceph: (program: string, ...parameters: string[]) => Promise<unknown>,
  uid: string,
): Promise<S3User> {
  const user = { accessKey: uid.toUpperCase(), secretKey: crypto.randomUUID() };
  const keys = ['--access-key', user.accessKey, '--secret-key', user.secretKey];
  await ceph('radosgw-admin', 'user', 'create', '--uid', uid, '--display-name', uid, ...keys);
  return user;
}

async function answering(url: string): Promise<void> {
  const until = Date.now() + 60_000;
  for (;;) {
    try {
      await fetch(url);
      return;
    } catch (cause) {
      if (Date.now() > until) throw new Error(`radosgw did not answer at ${url}`, { cause });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
