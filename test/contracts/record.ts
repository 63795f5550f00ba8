/**
 * Records what the gateway answers to the requests of `requests.ts`: `npm run contracts:record -- v2`. A recording
 * stands for clients that exist, so none is ever made again: a new one is for what the older do not have.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { startTestGateway } from '../support/test-gateway.ts';
import { type Exchange, replay } from './contract.ts';
import { REQUESTS } from './requests.ts';

const [name] = process.argv.slice(2);
if (name === undefined || !/^v\d+$/.test(name)) throw new Error('name the recording: v1, v2, …');
const file = `test/contracts/recorded/${name}.json`;
if (existsSync(file))
  throw new Error(`${file} is there: a recording is never made again, choose the next name`);

const gateway = await startTestGateway();
try {
  const answers = await replay(gateway, REQUESTS);
  const exchanges = answers.flatMap((answer, index): Exchange[] => {
    const request = REQUESTS[index];
    return request === undefined ? [] : [{ request, answer }];
  });
  writeFileSync(file, `${JSON.stringify({ exchanges }, null, 1)}\n`);
  console.log(`${exchanges.length} exchanges are in ${file}`);
} finally {
  await gateway.stop();
}
