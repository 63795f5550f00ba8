import { MongoClient } from 'mongodb';
import type { GatewayConfig } from '../../gateway/config.ts';
import { clockFinding } from './clock-finding.ts';
import { type Finding, fine, reasonOf, wrong } from './finding.ts';

const TIMEOUT_MS = 3_000;

/** Whether the configuration database answers, and whether its clock and this one agree. */
export async function examineDatabase({ mongodbUri }: GatewayConfig): Promise<Finding> {
  if (mongodbUri === null) return fine('MONGODB_URI', 'unset: the embedded database in DATA_DIR is used');
  let client: MongoClient;
  try {
    client = new MongoClient(mongodbUri, {
      serverSelectionTimeoutMS: TIMEOUT_MS,
      connectTimeoutMS: TIMEOUT_MS,
      socketTimeoutMS: TIMEOUT_MS,
    });
  } catch (error) {
    return wrong('MONGODB_URI', reasonOf(error), 'correct the connection string');
  }
  try {
    const hello = await client.db('admin').command({ hello: 1 });
    const skewMs = hello['localTime'] instanceof Date ? hello['localTime'].getTime() - Date.now() : 0;
    return clockFinding('MONGODB_URI', skewMs, 'answers');
  } catch (error) {
    return wrong(
      'MONGODB_URI',
      `does not answer within ${TIMEOUT_MS} ms (${reasonOf(error)})`,
      'check that the server runs, that this machine may reach it, and the credentials in the connection string',
    );
  } finally {
    await client.close();
  }
}
