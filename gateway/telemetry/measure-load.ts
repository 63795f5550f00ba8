import { Gauge, type Registry } from 'prom-client';
import type { RequestLimits } from '../limits/request-limits.ts';
import type { Targets } from '../targets/targets.ts';

/** Gauges of what stands at this moment; read when they are asked for, so that requests pay nothing. */
export function measureLoad(registry: Registry, targets: Targets, limits: RequestLimits): void {
  const registers = [registry];
  const ofTargets = (name: string, help: string, read: (key: string) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['target'],
      registers,
      collect() {
        this.reset();
        for (const [target] of targets.load.entries()) this.set({ target }, read(target));
      },
    });
  ofTargets('switchyard_target_circuit_open', '1 while a target that failed is left alone', (key) =>
    Number(targets.breakers.isOpen(key)),
  );
  ofTargets(
    'switchyard_target_in_flight',
    'Requests under way at a target',
    (key) => targets.load.of(key).limit.inFlight,
  );
  ofTargets(
    'switchyard_target_concurrency_limit',
    'Requests that a target is asked at a time at most, as its latency has it',
    (key) => targets.load.of(key).limit.limit,
  );
  new Gauge({
    name: 'switchyard_requests_waiting',
    help: 'Inferences that wait for their turn',
    registers,
    collect() {
      this.set(limits.queue.waiting);
    },
  });
}
