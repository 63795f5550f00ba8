import { describe, expect, it } from 'vitest';
import { readConfig } from '../../gateway/config.ts';

describe('the configuration', () => {
  it('has a default for everything', () => {
    const read = readConfig({});
    expect(read).toMatchObject({
      ok: true,
      config: { port: 8080, host: '127.0.0.1', workers: 1, mongodbUri: null, adminApiKey: null },
    });
  });

  it('takes an empty variable for an unset one', () => {
    expect(readConfig({ PORT: '', MONGODB_URI: '' })).toMatchObject({
      ok: true,
      config: { port: 8080, mongodbUri: null },
    });
  });

  it('names every problem at once, and no value', () => {
    const read = readConfig({
      PORT: '99999',
      LOG_LEVEL: 'loud',
      MONGODB_URI: 'mysql://u:secret@h',
      ADMIN_API_KEY: 'short',
      WORKERS: '0',
      LAKE_URI: 'lake',
    });
    expect(read.ok).toBe(false);
    if (read.ok) return;
    expect(read.problems.map((problem) => problem.split(':')[0]).sort()).toEqual([
      'ADMIN_API_KEY',
      'LAKE_URI',
      'LOG_LEVEL',
      'MONGODB_URI',
      'PORT',
      'WORKERS',
    ]);
    expect(read.problems.join('\n')).not.toContain('secret');
    expect(read.problems.join('\n')).not.toContain('short');
  });

  it('drains for 25 seconds, or for as long as its platform allows', () => {
    expect(readConfig({})).toMatchObject({ config: { drainMs: 25_000 } });
    expect(readConfig({ DRAIN_MS: '5000' })).toMatchObject({ config: { drainMs: 5_000 } });
  });

  it("collects the targets' tokens by name", () => {
    const read = readConfig({ SWITCHYARD_TARGET_AWS: 'token', OTHER: 'x' });
    expect(read.ok && [...read.config.targetSecrets]).toEqual([['SWITCHYARD_TARGET_AWS', 'token']]);
  });
});
