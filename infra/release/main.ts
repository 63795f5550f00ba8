import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { rollBack, rollImage, SERVICES } from './roll-image.ts';

const USAGE = `npm run release -- <stack> <gateway|runner> <sha256:…|back> [arguments of pulumi up]

Rolls one service of a stack to an image, or back to the one before: changes Pulumi.<stack>.yaml, then runs
"pulumi up". Commit the file afterwards.
`;

function main([stack, name, digest, ...rest]: readonly string[]): number {
  const service = SERVICES.find((known) => known === name);
  if (stack === undefined || service === undefined || digest === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const path = `Pulumi.${stack}.yaml`;
  const document = parseDocument(readFileSync(path, 'utf8'));
  if (digest === 'back') rollBack(document, service);
  else rollImage(document, service, digest);
  // Long lines stay as they were written: a roll is a change of two digests to whoever reads it.
  writeFileSync(path, document.toString({ lineWidth: 0 }));
  const { status } = spawnSync('pulumi', ['up', '--stack', stack, ...rest], { stdio: 'inherit' });
  return status ?? 1;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
