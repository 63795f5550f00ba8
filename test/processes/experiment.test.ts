import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { runCli } from '../support/run-cli.ts';
import { ADMIN_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
  // Nobody is asked: no request is made here.
  await registerRanking(gateway, { aws: 'http://127.0.0.1:9', gcp: 'http://127.0.0.1:9' });
  await gateway.register('/experiments', rankingExperiment());
});

afterAll(() => gateway.stop());

const cli = (...parameters: string[]) =>
  runCli(['--url', gateway.url, ...parameters], { env: { ADMIN_API_KEY: ADMIN_KEY } });

describe('switchyard experiment', () => {
  it('lists experiments as a table for people', async () => {
    const { exitCode, stdout } = await cli('experiment', 'list');
    expect(exitCode).toBe(0);
    expect(stdout.replace(/\d{4}-\d{2}-\d{2} \d{2}:\d{2}/, 'when')).toMatchInlineSnapshot(`
      "experiment  state  endpoint  variants                     changed
      ─────────────────────────────────────────────────────────────────
      ranker-v2   draft  ranking   control, treatment  when
      "
    `);
  });

  it('lists them as JSON for programs, wherever the option stands', async () => {
    const before = await cli('--json', 'experiment', 'list');
    const after = await cli('experiment', 'list', '--json');
    expect(after.stdout).toBe(before.stdout);
    expect(JSON.parse(after.stdout)).toMatchObject([{ key: 'ranker-v2', state: 'draft' }]);
  });

  it('explains check by check why a unit gets what it gets', async () => {
    await cli('experiment', 'start', 'ranker-v2');
    const text = await cli('explain', '--unit', 'user=u1');
    expect(text.stdout).toMatchInlineSnapshot(`
      "ranker-v2 → control
        ✓ running  it is running
        ✓ unit     randomised by "user"
        ✓ variant  slot 4152 of 10000 belongs to "control"
      "
    `);
    const json = await cli('explain', 'ranker-v2', '--context', '{}', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject([
      {
        experiment: 'ranker-v2',
        assignment: { kind: 'not-enrolled', reason: 'no-unit' },
        checks: [
          { check: 'running', passed: true },
          { check: 'unit', passed: false },
        ],
      },
    ]);
  });

  it('ramps to another share of the audience, or plans to', async () => {
    const { stdout } = await cli('experiment', 'ramp', 'ranker-v2', '12.5%');
    expect(stdout).toMatch(/^ranker-v2 enrols 12.5% of its audience, 100% before \(revision \d+\)\n/);
    const planned = await cli(
      'experiment',
      'ramp',
      'ranker-v2',
      '50%',
      '--at',
      '2040-01-01T00:00:00Z',
      '--json',
    );
    expect(JSON.parse(planned.stdout)).toMatchObject({
      allocation: 1_250,
      status: { plannedChanges: [{ at: '2040-01-01T00:00:00Z', fields: { allocation: 5_000 } }] },
    });
  });

  it('pauses, resumes and stops, and says what came of it', async () => {
    for (const [action, state] of [
      ['pause', 'paused'],
      ['resume', 'running'],
      ['stop', 'stopped'],
    ] as const) {
      const { exitCode, stdout } = await cli('experiment', action, 'ranker-v2');
      expect({ exitCode, stdout }).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining(`is ${state}`),
      });
    }
  });

  it('says why not and exits with 1 when the gateway refuses', async () => {
    const { exitCode, stdout, stderr } = await cli('experiment', 'start', 'ranker-v2');
    expect(exitCode).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^switchyard: cannot start an experiment that is stopped/);
  });

  it('shows the verdict, and says in the exit code that it stopped too early when asked to', async () => {
    const { exitCode, stdout } = await cli('experiment', 'results', 'ranker-v2', '--check');
    expect(exitCode).toBe(13);
    expect(stdout).toContain('0 units in 0 exposures');
  });
});

describe('the exit code', () => {
  it('is 2 for a command line that makes no sense, with what is allowed', async () => {
    const { exitCode, stderr } = await cli('experiment', 'lits');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Did you mean list?');
  });

  it('is 2 for a share that is none', async () => {
    const { exitCode, stderr } = await cli('experiment', 'ramp', 'ranker-v2', '5000');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('It must be from 0% to 100%');
  });

  it('is 5 for what is not there', async () => {
    const { exitCode, stderr } = await cli('experiment', 'show', 'no-such');
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 5, stderr: expect.stringContaining('no-such') });
  });

  it('is 3 when nobody answers', async () => {
    const { exitCode, stderr } = await runCli(['--url', 'http://127.0.0.1:9', 'experiment', 'list']);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('http://127.0.0.1:9');
  });

  it('is 4 for a key that does not open, and says where keys are read from', async () => {
    const { exitCode, stderr } = await runCli(['--url', gateway.url, 'experiment', 'list']);
    expect(exitCode).toBe(4);
    expect(stderr).toContain('SWITCHYARD_KEY');
  });
});
