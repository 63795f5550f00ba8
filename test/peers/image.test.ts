import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIVE_PATH, READY_PATH } from '../../gateway/config.ts';

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** The instructions of a Dockerfile, with continued lines joined and comments left out. */
function instructionsOf(dockerfile: string): Instruction[] {
  const lines = dockerfile
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n/g, ' ')
    .split('\n');
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', text = ''] = /^(\w+)\s+(.*)$/.exec(line.trim()) ?? [];
      return { name, text };
    });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Does what the Dockerfile says, without Docker: no layer, no user, and the machine's own system below. */
describe('the image, built outside Docker in a clean directory', () => {
  const stages = new Map<string, string>();
  /** Of the stage that is being built, and of the image in the end. */
  let root: string;
  let instructions: Instruction[];

  beforeAll(async () => {
    instructions = instructionsOf(await readFile('Dockerfile', 'utf8'));
    for (const { name, text } of instructions) {
      if (name === 'FROM') {
        root = await mkdtemp(join(tmpdir(), 'switchyard-image-'));
        stages.set(/ AS (\w+)$/.exec(text)?.[1] ?? '', root);
      }
      if (name === 'COPY') await copy(text);
      // The data directory is Docker's to make; everything else runs as it stands, by the Node of these tests.
      if (name === 'RUN' && !text.startsWith('install -d')) {
        const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` };
        await promisify(execFile)('bash', ['-ec', text], { cwd: root, env, maxBuffer: 67_108_864 });
      }
    }
  }, 600_000);
  afterAll(async () => {
    for (const stage of stages.values()) await rm(stage, { recursive: true, force: true });
  });

  /** `COPY [--from=stage] source… target`, into the stage that is being built; what comes from a stage is moved. */
  async function copy(text: string): Promise<void> {
    const [, stage, paths = ''] = /^(?:--from=(\w+) )?(.*)$/.exec(text) ?? [];
    const [to = '', ...from] = paths.split(/\s+/).reverse();
    for (const path of from) {
      const target = from.length > 1 ? join(root, path) : resolve(root, to === './' ? path : to);
      if (stage === undefined) await cp(path, target, { recursive: true });
      else {
        await mkdir(dirname(target), { recursive: true });
        await rename(join(stages.get(stage) ?? '', path.replace(/^\/app\//, '')), target);
      }
    }
  }

  const commandOf = () =>
    JSON.parse(instructions.findLast(({ name }) => name === 'CMD')?.text ?? '[]') as string[];

  it('is of the Node that the tests run under, and runs as nobody in particular', async () => {
    const { devDependencies } = JSON.parse(await readFile('package.json', 'utf8'));
    const images = instructions.filter(({ name }) => name === 'FROM').map(({ text }) => text.split(' ')[0]);
    expect(new Set(images)).toEqual(new Set([`node:${devDependencies.node}-trixie-slim`]));
    expect(instructions.find(({ name }) => name === 'USER')?.text).toBe('1000:1000');
  });

  it('holds nothing that only tests and infrastructure need', async () => {
    const packages = await readdir(join(root, 'node_modules'));
    for (const absent of ['vitest', 'typescript', 'pulumi', 'node']) expect(packages).not.toContain(absent);
    expect(await readdir(join(root, 'node_modules/@pulumi'))).toEqual([]);
    expect(await readdir(root)).not.toContain('infra');
    expect(await readdir(join(root, 'node_modules/onnxruntime-node/bin/napi-v6'))).toEqual(['linux']);
  });

  it('starts with its command, answers, and ends well on SIGTERM', async () => {
    const [, ...args] = commandOf();
    const port = await freePort();
    const data = join(root, 'data');
    await mkdir(data);
    const gateway = spawn(process.execPath, args, {
      cwd: root,
      env: {
        NODE_ENV: 'production',
        PORT: String(port),
        METRICS_PORT: '0',
        DATA_DIR: data,
        ADMIN_API_KEY: 'a-key-of-this-test-0',
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const ended = once(gateway, 'exit');
    const status = async (path: string) =>
      (await fetch(`http://127.0.0.1:${port}${path}`).catch(() => null))?.status ?? 0;
    await expect.poll(() => status(READY_PATH), { timeout: 60_000 }).toBe(200);
    expect(await status(LIVE_PATH)).toBe(200);
    gateway.kill('SIGTERM');
    expect((await ended)[0]).toBe(0);
  });

  it('runs a runner as well', async () => {
    const port = await freePort();
    const runner = spawn(process.execPath, ['models/runner/main.ts'], {
      cwd: root,
      env: {
        NODE_ENV: 'production',
        PORT: String(port),
        CACHE_DIR: join(root, 'cache'),
        MODEL_REPOSITORY: `file://${root}/models/samples`,
        LOG_LEVEL: 'warn',
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const ended = once(runner, 'exit');
    const ready = async () =>
      (await fetch(`http://127.0.0.1:${port}/v2/models/movie-ranker/versions/v2/ready`).catch(() => null))
        ?.status ?? 0;
    await expect.poll(ready, { timeout: 60_000 }).toBe(200);
    runner.kill('SIGTERM');
    expect((await ended)[0]).toBe(0);
  });
});
