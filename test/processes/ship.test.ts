import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { runCli } from '../support/run-cli.ts';
import { runOnTerminal } from '../support/run-on-terminal.ts';
import { ADMIN_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

let gateway: TestGateway;
let count = 0;
let key: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  await registerRanking(gateway, { aws: 'http://127.0.0.1:9', gcp: 'http://127.0.0.1:9' });
});

afterAll(() => gateway.stop());

beforeEach(async () => {
  key = `ranker-${++count}`;
  await gateway.register('/experiments', rankingExperiment({ key }));
  await gateway.register(`/experiments/${key}/start`, {});
});

// Those of one endpoint exclude each other.
afterEach(() => gateway.admin('POST', `/experiments/${key}/stop`, {}));

const env = { ADMIN_API_KEY: ADMIN_KEY };
const stateOf = async () => (await gateway.admin('GET', `/experiments/${key}`)).body.state;

describe('switchyard experiment ship', () => {
  it('makes the variant what everyone gets, and ends the experiment', async () => {
    const { stdout, exitCode } = await runCli(
      ['--url', gateway.url, 'experiment', 'ship', key, 'treatment', '--yes', '--reason', 'it won'],
      { env },
    );
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${key} is stopped: everyone who calls ranking gets treatment`));
    const { body } = await gateway.admin('GET', `/experiments/${key}`);
    expect(body.status.decision).toMatchObject({ kind: 'ship', variant: 'treatment', reason: 'it won' });
    expect((await gateway.admin('GET', '/endpoints/ranking')).body.defaultTarget).toBe('ranker-v2-gcp');
  });

  it('asks on a terminal for the key to be typed, after it has said what the numbers say', async () => {
    const run = await runOnTerminal(['--url', gateway.url, 'experiment', 'ship', key, 'treatment'], {
      env,
      answer: { prompt: 'to ship it:', typed: key },
    });
    expect(run.exitCode).toBe(0);
    expect(run.text).toContain(
      `Everyone who calls ranking would get treatment, and ${key} would end for good.`,
    );
    expect(run.text).toContain(`${key} is stopped`);
    expect(await stateOf()).toBe('stopped');
  });

  it('ships nothing when something else is typed', async () => {
    const run = await runOnTerminal(['--url', gateway.url, 'experiment', 'ship', key, 'treatment'], {
      env,
      answer: { prompt: 'to ship it:', typed: 'yes' },
    });
    expect(run).toMatchObject({ exitCode: 1, text: expect.stringContaining('nothing was shipped') });
    expect(await stateOf()).toBe('running');
  });

  it('is planned for a time, or for when others have approved it, without a question', async () => {
    const { stdout } = await runCli(
      ['--url', gateway.url, 'experiment', 'ship', key, 'treatment', '--at', '2040-01-01T00:00:00Z'],
      { env },
    );
    expect(stdout).toBe(`${key} ends and treatment is shipped at 2040-01-01T00:00:00Z\n`);
    const { body } = await gateway.admin('GET', `/experiments/${key}`);
    expect(body.status.plannedChanges).toMatchObject([
      { decision: { decision: 'ship', variant: 'treatment' }, at: '2040-01-01T00:00:00Z' },
    ]);
    expect(body.state).toBe('running');
  });

  it('asks for --yes where nobody can be asked', async () => {
    const { exitCode, stderr } = await runCli(
      ['--url', gateway.url, 'experiment', 'ship', key, 'treatment'],
      { env },
    );
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--yes') });
    expect(await stateOf()).toBe('running');
  });
});

describe('colours', () => {
  it('are there on a terminal, unless NO_COLOR is set, and never on a pipe', async () => {
    const explain = ['--url', gateway.url, 'explain', key, '--unit', 'user=u1'];
    const colour = '\x1b[';
    expect((await runOnTerminal(explain, { env })).raw).toContain(colour);
    const plain = await runOnTerminal(explain, { env: { ...env, NO_COLOR: '1' } });
    expect(plain.raw).not.toContain(colour);
    const piped = await runCli(explain, { env: { ...env, NO_COLOR: '' } });
    expect(piped.stdout).toBe(plain.text);
  });
});
