import { Counter, Gauge, type Registry } from 'prom-client';

/** What a writer of the spool counts. `unsyncedRecords` is asked at every scrape. */
export function spoolMetrics(registry: Registry, unsyncedRecords: () => number) {
  const registers = [registry];
  const dropped = new Counter({
    name: 'switchyard_spool_dropped_total',
    help: 'Records that were not written to the spool',
    labelNames: ['kind', 'reason'],
    registers,
  });
  const diskFailures = new Counter({
    name: 'switchyard_spool_disk_failures_total',
    help: 'Syncs and seals of spool segments that the disk refused',
    registers,
  });
  new Gauge({
    name: 'switchyard_spool_unsynced_records',
    help: 'Accepted records that the loss of the machine, not of the process, would take now',
    registers,
    collect() {
      this.set(unsyncedRecords());
    },
  });
  return { dropped, diskFailures };
}
