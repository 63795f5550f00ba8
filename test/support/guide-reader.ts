import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import type { Block } from './guide-blocks.ts';

/** Marks in the output where a block begins. */
const MARK = '\u001e';
/** Of a checkout, what its user makes and not the repository. */
const MADE_HERE = ['.git', '.env', '.env.sample', 'switchyard.yaml', 'data', 'coverage', 'screenshots'];
/** Ports that the guide names, each of which may be taken here. */
const NAMED_PORTS = ['8080', '8081', '8082', '9090'];

/**
 * Somebody who reads the guide with a terminal beside it: a checkout of their own (links to this one), ports that are
 * free, and one shell per page that knows what the first page exported.
 */
export class GuideReader {
  readonly #directory: string;
  readonly #ports: ReadonlyMap<string, string>;

  private constructor(directory: string, ports: ReadonlyMap<string, string>) {
    this.#directory = directory;
    this.#ports = ports;
  }

  static async start(): Promise<GuideReader> {
    const directory = await mkdtemp(join(tmpdir(), 'switchyard-guide-'));
    for (const name of await readdir('.')) {
      if (!MADE_HERE.includes(name)) await symlink(resolve(name), join(directory, name));
    }
    await mkdir(join(directory, '.reader'));
    const ports = new Map<string, string>();
    for (const name of NAMED_PORTS) ports.set(name, String(await freePort()));
    return new GuideReader(directory, ports);
  }

  /** Does what a page says. Throws with the block and its output where that fails or is not what the page shows. */
  async follow(blocks: readonly Block[]): Promise<void> {
    const script = blocks.map((block, index) => `printf '${MARK}${index}${MARK}'\n${this.#shellOf(block)}\n`);
    const parts = [
      'set -euo pipefail',
      '[ -f .reader/env ] && . .reader/env',
      ...script,
      'export -p > .reader/env',
    ];
    const { exitCode, output } = await this.#bash(parts.join('\n'));
    const said = output.split(MARK);
    const last = Number(said.at(-2) ?? 0);
    if (exitCode !== 0)
      throw new Error(`exit code ${exitCode} of\n${textOf(blocks[last])}\n---\n${said.at(-1)}`);
    for (const [index, block] of blocks.entries()) {
      if (block.kind !== 'run') continue;
      const missing = firstMissing(block.expected, said[2 * index + 2] ?? '');
      if (missing !== null)
        throw new Error(`not said: ${missing}\n${block.text}\n--- said\n${said[2 * index + 2]}`);
    }
  }

  /** Ends whatever still runs, and removes the checkout. */
  async stop(): Promise<void> {
    const state = join(this.#directory, '.reader');
    for (const file of (await readdir(state)).filter((name) => name.endsWith('.pid'))) {
      await endGroup(Number(await readFile(join(state, file), 'utf8')));
    }
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** What a program that was started in a terminal of its own has written. */
  log(name: string): Promise<string> {
    return readFile(join(this.#directory, '.reader', `${name}.log`), 'utf8');
  }

  #here(text: string): string {
    return text.replace(/\b(8080|8081|8082|9090)\b/g, (port) => this.#ports.get(port) ?? port);
  }

  #shellOf(block: Block): string {
    switch (block.kind) {
      case 'run':
        return this.#here(block.text);
      case 'file':
        return `cat > '${block.name}' <<'END OF FILE'\n${this.#here(block.text)}\nEND OF FILE`;
      case 'background':
        return `cat > .reader/${block.name}.sh <<'END OF FILE'\n${this.#here(block.text)}\nEND OF FILE
setsid bash -euo pipefail .reader/${block.name}.sh > .reader/${block.name}.log 2>&1 & echo $! > .reader/${block.name}.pid
until grep -q '"msg":"listening"' .reader/${block.name}.log; do kill -0 $!; sleep 0.1; done`;
      case 'stop':
        return `kill -INT -- -$(cat .reader/${block.name}.pid); while kill -0 -- -$(cat .reader/${block.name}.pid) 2> /dev/null; do sleep 0.1; done; rm .reader/${block.name}.pid`;
      case 'parsed':
      case 'example':
        return ':';
    }
  }

  #bash(script: string): Promise<{ readonly exitCode: number | null; readonly output: string }> {
    return new Promise((done, reject) => {
      const child = spawn('bash', ['-c', `exec 2>&1; ${script}`], {
        cwd: this.#directory,
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: process.env['HOME'] ?? '',
          NO_COLOR: '1',
          npm_config_loglevel: 'error',
          PORT: this.#here('8080'),
          METRICS_PORT: this.#here('9090'),
          SWITCHYARD_URL: this.#here('http://127.0.0.1:8080'),
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
      child.once('error', reject);
      child.once('close', (exitCode) => done({ exitCode, output }));
    });
  }
}

function textOf(block: Block | undefined): string {
  return block === undefined ? '' : 'text' in block ? block.text : `<!-- stops: ${block.name} -->`;
}

/** The first line of what a page shows that the output has not, in its order; `…` stands for anything. */
function firstMissing(expected: string, output: string): string | null {
  const lines = output.split('\n');
  let from = 0;
  for (const line of expected.split('\n').filter((text) => text.trim() !== '' && text.trim() !== '…')) {
    const pattern = new RegExp(line.trim().split('…').map(RegExp.escape).join('.*'));
    const at = lines.findIndex((text, index) => index >= from && pattern.test(text));
    if (at < 0) return line;
    from = at + 1;
  }
  return null;
}

async function endGroup(pid: number): Promise<void> {
  const signal = (name: NodeJS.Signals | 0) => {
    try {
      return process.kill(-pid, name);
    } catch {
      return false; // It has ended by itself.
    }
  };
  signal('SIGTERM');
  for (let waitedMs = 0; signal(0); waitedMs += 100) {
    if (waitedMs > 10_000) signal('SIGKILL');
    await delay(100);
  }
}
