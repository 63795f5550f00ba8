import { randomUUID } from 'node:crypto';
import type { GatewayConfig } from '../../gateway/config.ts';
import { type ObjectStore, ObjectStoreError } from '../../models/artifacts/object-store.ts';
import { openObjectStore } from '../../models/artifacts/open-object-store.ts';
import { type Finding, fine, reasonOf, wrong } from './finding.ts';

const CREDENTIALS: Readonly<Record<string, string>> = {
  s3: 'AWS credentials are found as the AWS SDK finds them: environment, profile, container or instance role',
  gs: 'Google credentials are found as the SDK finds them: GOOGLE_APPLICATION_CREDENTIALS, gcloud, metadata server',
};

/** Whether the lake can be written, read and listed by what this machine has for credentials. */
export async function examineLake({ lakeUri }: GatewayConfig): Promise<Finding[]> {
  let lake: ObjectStore;
  try {
    lake = openObjectStore(lakeUri);
  } catch (error) {
    return [wrong('LAKE_URI', reasonOf(error), 'correct the URI')];
  }
  const probe = `_doctor/${randomUUID()}`;
  try {
    await lake.write(probe, Buffer.from('probe'), { ifAbsent: true });
    await lake.info(probe);
    await lake.remove(probe);
    return [fine('LAKE_URI', `${lake.uri} can be written and read`)];
  } catch (error) {
    return [wrong('LAKE_URI', `${lake.uri}: ${reasonOf(error)}`, mendOf(error, lakeUri))];
  }
}

function mendOf(error: unknown, uri: string): string {
  const credentials = CREDENTIALS[uri.slice(0, 2)] ?? 'let the user of this process write to the directory';
  if (!(error instanceof ObjectStoreError)) return credentials;
  switch (error.code) {
    case 'forbidden':
      return `give the identity of this process leave to put, get, list and delete here. ${credentials}`;
    case 'not-found':
      return 'make the bucket (infra/ does), or correct LAKE_URI';
    default:
      return `check the network to the bucket. ${credentials}`;
  }
}
