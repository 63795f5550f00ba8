import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigurationStore } from '../../../experiments/store/configuration-store.ts';
import { runAsOwner } from '../../../gateway/automation/run-as-owner.ts';
import { createLogger } from '../../../gateway/telemetry/logger.ts';
import { startTemporaryServer } from '../../support/embedded-server.ts';

describe('a task with one owner', () => {
  let server: Awaited<ReturnType<typeof startTemporaryServer>>;
  let store: ConfigurationStore;
  beforeAll(async () => {
    server = await startTemporaryServer();
    store = await ConfigurationStore.connect({ uri: server.uri });
  });
  afterAll(async () => {
    await store.close();
    await server.stop();
  });

  const start = (name: string, run: () => Promise<void>) =>
    runAsOwner({ name, intervalMs: 5, store, logger: createLogger('silent'), run });

  it('runs in one of several processes, and in another as soon as that one stops', async () => {
    const rounds = { first: 0, second: 0 };
    const first = start('handover', async () => {
      rounds.first += 1;
    });
    await until(() => rounds.first > 2);
    const second = start('handover', async () => {
      rounds.second += 1;
    });
    const before = rounds.first;
    await until(() => rounds.first > before + 2);
    expect(rounds.second).toBe(0);
    await first.stop();
    await until(() => rounds.second > 2);
    await second.stop();
  });

  it('goes on after a round that fails, and waits for the one under way when it stops', async () => {
    let rounds = 0;
    let finished = 0;
    const task = start('failing', async () => {
      rounds += 1;
      if (rounds === 1) throw new Error('the first round fails');
      await sleep(20);
      finished += 1;
    });
    await until(() => rounds > 2);
    await task.stop();
    expect(finished).toBe(rounds - 1);
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(2);
}
