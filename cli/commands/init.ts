import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { type Context, contextOf } from '../context.ts';
import { environmentSample } from '../starter/environment-sample.ts';
import { starterConfiguration } from '../starter/starter-configuration.ts';

/** `switchyard init`: the files that a new installation begins with. */
export function initCommand(): Command {
  return new Command('init')
    .description('write a first configuration and its settings; what is there already is left alone')
    .argument('[directory]', 'where to', '.')
    .action((directory: string, _options: unknown, self: Command) => init(contextOf(self), directory));
}

interface StarterFile {
  readonly name: string;
  readonly about: string;
  readonly content: string;
  /** Permissions: a key is for its owner only. */
  readonly mode?: number;
}

async function starterFiles(): Promise<readonly StarterFile[]> {
  const adminKey = randomBytes(24).toString('base64url');
  return [
    {
      name: 'switchyard.yaml',
      about: 'models, targets, an endpoint and an experiment, to be written on',
      content: await starterConfiguration(),
    },
    {
      name: '.env',
      about: 'the admin key, made for you: keep it out of version control',
      content: `# Read by "switchyard" in this directory. .env.sample lists what else may be set.\nADMIN_API_KEY=${adminKey}\n`,
      mode: 0o600,
    },
    { name: '.env.sample', about: 'every setting, its default and meaning', content: environmentSample() },
  ];
}

async function init({ terminal }: Context, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const written: string[] = [];
  const kept: string[] = [];
  const lines: string[] = [];
  for (const file of await starterFiles()) {
    const isNew = await writeNew(join(directory, file.name), file);
    (isNew ? written : kept).push(file.name);
    const note = isNew ? file.about : terminal.paint('yellow', 'is there already, and was left alone');
    lines.push(`${file.name.padEnd(16)} ${note}`);
  }
  const next = [
    '',
    'Next:',
    '  npx switchyard start',
    '  npx switchyard apply -f switchyard.yaml   (beside it)',
  ];
  terminal.result({ directory: resolve(directory), written, kept }, [...lines, ...next].join('\n'));
}

/** False, and nothing done, where there is such a file already. */
async function writeNew(path: string, { content, mode = 0o644 }: StarterFile): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: 'wx', mode });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
