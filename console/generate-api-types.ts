import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';
import { pino } from 'pino';
import { readConfig } from '../gateway/config.ts';
import { startGateway } from '../gateway/start-gateway.ts';

/**
 * The types of the API's client, out of the document that a gateway of this source tree answers. They are made anew
 * at each type check and are not kept: they can never be those of another version.
 */
const directory = new URL('./src/api/generated/', import.meta.url);

async function openApiText(): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), 'switchyard-types-'));
  const read = readConfig({
    PORT: '0',
    METRICS_PORT: '0',
    DATA_DIR: dataDir,
    ADMIN_API_KEY: 'for-this-moment-only',
    LOG_LEVEL: 'error',
  });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  const gateway = await startGateway(read.config, pino({ level: 'error' }));
  try {
    const response = await fetch(`${gateway.url}/openapi.json`);
    return await response.text();
  } finally {
    await gateway.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const types = astToString(await openapiTS(await openApiText(), { defaultNonNullable: false }));
mkdirSync(directory, { recursive: true });
writeFileSync(fileURLToPath(new URL('openapi.ts', directory)), types);
