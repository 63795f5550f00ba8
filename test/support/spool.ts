import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordKind } from '../../gateway/pipeline/spool-layout.ts';

/** Everything of one kind that stands in a gateway's spool now, shipped segments excepted. */
export function readSpool(dataDir: string, kind: RecordKind): Record<string, unknown>[] {
  const root = join(dataDir, 'spool');
  return globSync(`**/${kind}*`, { cwd: root }).flatMap((name) =>
    readFileSync(join(root, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line)),
  );
}
