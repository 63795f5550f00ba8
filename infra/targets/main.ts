import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Catalogue } from '../catalogue.ts';
import { type SyncedOf, syncCatalogue } from './sync-catalogue.ts';

const USAGE = `npm run targets:sync -- <stack> [--json]

Registers a stack's models, versions and targets with its gateway. ADMIN_API_KEY names the admin key;
SWITCHYARD_URL, where the gateway is (the stack's own url unless set). --json: a line of JSON for each.
`;

/** Room for the outputs of a stack with a thousand models. */
const MAX_OUTPUT_BYTES = 67_108_864;

interface StackOutputs {
  readonly url: string;
  readonly catalogue: Catalogue;
}

async function outputsOf(stack: string): Promise<StackOutputs> {
  const { stdout } = await promisify(execFile)('pulumi', ['stack', 'output', '--json', '--stack', stack], {
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  return JSON.parse(stdout) as StackOutputs;
}

const textOf = ({ outcome, path }: SyncedOf) => `${outcome.padEnd(9)} ${path}`;

async function main([stack, format]: readonly string[]): Promise<void> {
  const { ADMIN_API_KEY: adminKey, SWITCHYARD_URL: url } = process.env;
  if (stack === undefined || adminKey === undefined) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  const outputs = await outputsOf(stack);
  const write = format === '--json' ? (one: SyncedOf) => JSON.stringify(one) : textOf;
  await syncCatalogue(outputs.catalogue, { url: url ?? outputs.url, adminKey }, (one) => {
    process.stdout.write(`${write(one)}\n`);
  });
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
