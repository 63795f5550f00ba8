import { Counter, type Registry } from 'prom-client';

/** What one pass of upkeep did. */
export interface UpkeepReport {
  readonly merges: number;
  /** Objects removed because a merge has their rows. */
  readonly replaced: number;
  /** Objects removed because they were kept long enough. */
  readonly expired: number;
  /** Objects that cannot be read, now in quarantine. */
  readonly damaged: number;
  /** Partitions that could not be seen to; the next pass tries again. */
  readonly failed: number;
}

export const NOTHING_DONE: UpkeepReport = { merges: 0, replaced: 0, expired: 0, damaged: 0, failed: 0 };

export function bothReports(a: UpkeepReport, b: UpkeepReport): UpkeepReport {
  return {
    merges: a.merges + b.merges,
    replaced: a.replaced + b.replaced,
    expired: a.expired + b.expired,
    damaged: a.damaged + b.damaged,
    failed: a.failed + b.failed,
  };
}

/** Counts reports; an alarm stands on the last two counters. */
export function upkeepMetrics(registry: Registry): (report: UpkeepReport) => void {
  const registers = [registry];
  const merges = new Counter({
    name: 'switchyard_lake_merges_total',
    help: 'Merges of small objects of the lake',
    registers,
  });
  const removed = new Counter({
    name: 'switchyard_lake_removed_objects_total',
    help: 'Objects removed from the lake: replaced by a merge, or expired',
    labelNames: ['reason'],
    registers,
  });
  const damaged = new Counter({
    name: 'switchyard_lake_damaged_objects_total',
    help: 'Objects of the lake that upkeep could not read; they are kept under quarantine/',
    registers,
  });
  const failures = new Counter({
    name: 'switchyard_lake_upkeep_failures_total',
    help: 'Partitions that upkeep could not see to, each time',
    registers,
  });
  return (report) => {
    merges.inc(report.merges);
    removed.inc({ reason: 'replaced' }, report.replaced);
    removed.inc({ reason: 'expired' }, report.expired);
    damaged.inc(report.damaged);
    failures.inc(report.failed);
  };
}
