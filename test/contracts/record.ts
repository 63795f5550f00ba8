/**
 * Records what the gateway answers to the requests of that name: `npm run contracts:record -- v2`. A recording
 * stands for clients that exist, so none is ever made again: a new one is for what the older do not have.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { startTestGateway } from '../support/test-gateway.ts';
import { type Exchange, type RecordedRequest, replay } from './contract.ts';
import { REQUESTS_V1 } from './requests-v1.ts';
import { REQUESTS_V2 } from './requests-v2.ts';

const REQUESTS: Readonly<Record<string, readonly RecordedRequest[]>> = { v1: REQUESTS_V1, v2: REQUESTS_V2 };

const [name] = process.argv.slice(2);
const requests = REQUESTS[name ?? ''];
if (name === undefined || requests === undefined)
  throw new Error(`name the recording: ${Object.keys(REQUESTS).join(', ')}`);
const file = `test/contracts/recorded/${name}.json`;
if (existsSync(file))
  throw new Error(`${file} is there: a recording is never made again, choose the next name`);

const gateway = await startTestGateway();
try {
  const answers = await replay(gateway, requests);
  const exchanges = answers.flatMap((answer, index): Exchange[] => {
    const request = requests[index];
    return request === undefined ? [] : [{ request, answer }];
  });
  writeFileSync(file, `${JSON.stringify({ exchanges }, null, 1)}\n`);
  console.log(`${exchanges.length} exchanges are in ${file}`);
} finally {
  await gateway.stop();
}
