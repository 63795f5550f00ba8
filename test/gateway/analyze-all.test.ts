import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyzeAll } from '../../gateway/analyze-all.ts';
import { readConfig } from '../../gateway/config.ts';
import { createLogger } from '../../gateway/telemetry/logger.ts';
import { FileStore } from '../../models/artifacts/file-store.ts';
import { deliver } from '../support/pipeline.ts';
import { rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { exposure } from '../support/records.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { startTestGateway } from '../support/test-gateway.ts';

function analyze(dataDir: string) {
  const read = readConfig({ DATA_DIR: dataDir, LOG_LEVEL: 'silent' });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  return analyzeAll(read.config, createLogger('silent'));
}

describe('the scheduled analysis', () => {
  it('looks at every running experiment, stores its results, and halts a variant that the lake shows to do harm', async () => {
    const gateway = await startTestGateway();
    const { dataDir } = gateway;
    await registerRanking(gateway, { aws: 'http://127.0.0.1:9', gcp: 'http://127.0.0.1:9' });
    await gateway.register('/experiments', rankingExperiment());
    await gateway.register('/experiments/ranker-v2/start', {});
    await gateway.register('/experiments', { ...rankingExperiment(), key: 'draft' });
    const random = seededRandom(5);
    const exposures = Array.from({ length: 1_000 }, (_, index) => {
      const treated = random() < 0.5;
      const failed = treated && random() < 0.3;
      return exposure({
        unit: `u${index}`,
        variant: treated ? 'treatment' : 'control',
        at: Date.now() - 60_000,
        ...(failed ? { status: 502, error: 'target-failed' } : {}),
      });
    });
    await deliver(new FileStore(join(dataDir, 'lake')), [{ exposures }]);
    await gateway.stop({ keepData: true });

    expect(await analyze(dataDir)).toEqual({ analysed: ['ranker-v2'], failed: [], halted: ['treatment'] });
    expect(await analyze(dataDir)).toEqual({ analysed: ['ranker-v2'], failed: [], halted: [] });

    const again = await startTestGateway({}, dataDir);
    try {
      const { body } = await again.admin('GET', '/halts/ranker-v2.treatment');
      expect(body).toMatchObject({ guardrail: 'error-rate', source: 'lake' });
    } finally {
      await again.stop();
    }
  });
});
