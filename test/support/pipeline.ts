import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { onTestFinished } from 'vitest';
import type { Exposure, Outcome } from '../../experiments/exposure.ts';
import type { Invocation } from '../../gateway/pipeline/invocation.ts';
import { LakeReader } from '../../gateway/pipeline/lake-reader.ts';
import { LakeShipper, type LakeShipperOptions } from '../../gateway/pipeline/lake-shipper.ts';
import { Spool, type SpoolOptions } from '../../gateway/pipeline/spool.ts';
import { FileStore } from '../../models/artifacts/file-store.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const log = pino({ level: 'silent' });

/** A spool with a life as long as the test's. */
export function openSpool(options: Pick<SpoolOptions, 'directory'> & Partial<SpoolOptions>): Spool {
  const spool = Spool.open({ writerId: randomUUID(), registry: new Registry(), log, ...options });
  onTestFinished(() => spool.stop());
  return spool;
}

/** A shipper with a life as long as the test's. */
export async function openShipper(
  options: Pick<LakeShipperOptions, 'directory' | 'lake'> & Partial<LakeShipperOptions>,
): Promise<LakeShipper> {
  const shipper = await LakeShipper.open({ registry: new Registry(), log, ...options });
  onTestFinished(() => shipper.stop());
  return shipper;
}

/** One delivery: what one writer appended, in that order. */
export interface Delivery {
  readonly exposures?: readonly Exposure[];
  readonly outcomes?: readonly Outcome[];
  readonly invocations?: readonly Invocation[];
}

/** A lake on disk that these deliveries went to by the real way: spool, segments, Parquet. */
export async function lakeOf(deliveries: readonly Delivery[]): Promise<LakeReader> {
  const root = await temporaryDirectory();
  const directory = join(root, 'spool');
  const lake = new FileStore(join(root, 'lake'));
  for (const { exposures = [], outcomes = [], invocations = [] } of deliveries) {
    const spool = openSpool({ directory });
    const appended = await Promise.all([
      ...exposures.map((record) => spool.append('exposures', record)),
      ...outcomes.map((record) => spool.append('outcomes', record)),
      ...invocations.map((record) => spool.append('invocations', record)),
    ]);
    if (appended.includes(false)) throw new Error('the spool refused');
    await spool.stop();
  }
  const shipper = await openShipper({ directory, lake });
  const { failed, corruptLines } = await shipper.ship();
  if (failed > 0 || corruptLines > 0)
    throw new Error(`${failed} segments and ${corruptLines} lines were not shipped`);
  const reader = await LakeReader.open({ lake, cacheDirectory: join(root, 'cache') });
  onTestFinished(() => reader.close());
  return reader;
}
