import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { onTestFinished } from 'vitest';
import type { Exposure, Outcome } from '../../experiments/exposure.ts';
import { LakeDigest } from '../../gateway/analysis/digest/lake-digest.ts';
import type { Invocation } from '../../gateway/pipeline/invocation.ts';
import { LakeReader, type LakeReaderOptions } from '../../gateway/pipeline/lake-reader.ts';
import { LakeShipper, type LakeShipperOptions } from '../../gateway/pipeline/lake-shipper.ts';
import { LakeUpkeep, type LakeUpkeepOptions } from '../../gateway/pipeline/lake-upkeep.ts';
import { Spool, type SpoolOptions } from '../../gateway/pipeline/spool.ts';
import { FileStore } from '../../models/artifacts/file-store.ts';
import type { ObjectStore } from '../../models/artifacts/object-store.ts';
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

/** Upkeep that keeps everything, unless told otherwise. */
export function openUpkeep(
  options: Pick<LakeUpkeepOptions, 'lake'> & Partial<LakeUpkeepOptions>,
): LakeUpkeep {
  return new LakeUpkeep({
    scratchDirectory: join(tmpdir(), `switchyard-upkeep-${randomUUID()}`),
    retentionDays: { exposures: 36_500, outcomes: 36_500, invocations: 36_500 },
    registry: new Registry(),
    log,
    ...options,
  });
}

/** A reader with a life as long as the test's. */
export async function openReader(
  options: Pick<LakeReaderOptions, 'lake'> & Partial<LakeReaderOptions>,
): Promise<LakeReader> {
  const reader = await LakeReader.open({ cacheDirectory: await temporaryDirectory(), ...options });
  onTestFinished(() => reader.close());
  return reader;
}

/** One delivery: what one writer appended, in that order. */
export interface Delivery {
  readonly exposures?: readonly Exposure[];
  readonly outcomes?: readonly Outcome[];
  readonly invocations?: readonly Invocation[];
}

/** A digest of a lake on disk that these deliveries went to. */
export async function digestOf(deliveries: readonly Delivery[]): Promise<LakeDigest> {
  const root = await temporaryDirectory();
  const lake = new FileStore(join(root, 'lake'));
  await deliver(lake, deliveries);
  return openDigest(lake, root);
}

/** A digest of that lake, kept in `directory`, with a life as long as the test's. */
export async function openDigest(lake: ObjectStore, directory: string): Promise<LakeDigest> {
  const reader = await LakeReader.open({ lake, cacheDirectory: join(directory, 'cache') });
  onTestFinished(() => reader.close());
  return new LakeDigest([reader], join(directory, 'digest.duckdb'));
}

/** Takes these deliveries to a lake by the real way: spool, segments, Parquet. */
export async function deliver(lake: ObjectStore, deliveries: readonly Delivery[]): Promise<void> {
  await deliverTo(lake, join(await temporaryDirectory(), 'spool'), deliveries);
}

/** The same through a spool in that directory, for what outlives a test. */
export async function deliverTo(
  lake: ObjectStore,
  directory: string,
  deliveries: readonly Delivery[],
): Promise<void> {
  for (const { exposures = [], outcomes = [], invocations = [] } of deliveries) {
    const spool = Spool.open({ writerId: randomUUID(), registry: new Registry(), log, directory });
    const appended = await Promise.all([
      ...exposures.map((record) => spool.append('exposures', record)),
      ...outcomes.map((record) => spool.append('outcomes', record)),
      ...invocations.map((record) => spool.append('invocations', record)),
    ]);
    if (appended.includes(false)) throw new Error('the spool refused');
    await spool.stop();
  }
  const shipper = await LakeShipper.open({ registry: new Registry(), log, directory, lake });
  const { failed, corruptLines } = await shipper.ship();
  await shipper.stop();
  if (failed > 0 || corruptLines > 0)
    throw new Error(`${failed} segments and ${corruptLines} lines were not shipped`);
}
