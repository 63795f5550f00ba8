import { Command } from 'commander';
import { type Context, contextOf } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import type { Json } from '../gateway-client.ts';
import { resultsText } from '../results-text.ts';
import { table } from '../table.ts';
import { rampCommand, shipCommand } from './experiment-changes.ts';

const LIFECYCLE = [
  ['start', 'let it assign units'],
  ['pause', 'assign nobody for a while'],
  ['resume', 'go on after a pause'],
  ['stop', 'end it for good'],
] as const;

const pathOf = (key: string) => `/admin/v1/experiments/${encodeURIComponent(key)}`;

/** `switchyard experiment …`: list, look at, steer and read experiments. */
export function experimentCommand(): Command {
  const command = new Command('experiment').description('list, steer and read experiments');
  command
    .command('list')
    .description('every experiment with its state')
    .option('--state <state>', 'only those in this state')
    .action((options: { state?: string }, self: Command) => list(contextOf(self), options.state));
  command
    .command('show')
    .description('one experiment, as it is stored')
    .argument('<key>')
    .action((key: string, _options: unknown, self: Command) => show(contextOf(self), key));
  for (const [action, description] of LIFECYCLE) {
    command
      .command(action)
      .description(description)
      .argument('<key>')
      .action((key: string, _options: unknown, self: Command) => act(contextOf(self), { key, action }));
  }
  command.addCommand(rampCommand()).addCommand(shipCommand());
  command
    .command('results')
    .description('the verdict, and the numbers behind it')
    .argument('<key>')
    .option('--fresh', 'bring what is still on its way to the lake there first')
    .option(
      '--check',
      'say the decision in the exit code: 0 ship, 10 keep running, 11 roll back, 12 untrusted',
    )
    .action((key: string, options: ResultsOptions, self: Command) => results(contextOf(self), key, options));
  return command;
}

async function list({ gateway, terminal }: Context, state: string | undefined): Promise<void> {
  const all = await gateway.list('/admin/v1/experiments');
  const shown = all.filter((experiment) => state === undefined || experiment['state'] === state);
  const rows = shown.map(({ key, state, endpoint, variants, updatedAt }) => [
    String(key),
    String(state),
    String(endpoint),
    (variants as { key: string }[]).map((variant) => variant.key).join(', '),
    String(updatedAt).slice(0, 16).replace('T', ' '),
  ]);
  const nothing = state === undefined ? 'No experiment yet.' : `No experiment is ${state}.`;
  terminal.result(
    shown,
    rows.length === 0
      ? nothing
      : table([['experiment', 'state', 'endpoint', 'variants', 'changed'], ...rows]),
  );
}

async function show({ gateway, terminal }: Context, key: string): Promise<void> {
  const experiment = await gateway.ask(pathOf(key));
  terminal.result(experiment, JSON.stringify(experiment, null, 2));
}

async function act(
  { gateway, terminal }: Context,
  { key, action }: { readonly key: string; readonly action: string },
): Promise<void> {
  const experiment = await gateway.ask(`${pathOf(key)}/${action}`, { method: 'POST', body: {} });
  terminal.result(
    experiment,
    `${key} is ${String(experiment['state'])} (revision ${String(experiment['revision'])})`,
  );
}

interface ResultsOptions {
  readonly fresh?: boolean;
  readonly check?: boolean;
}

const DECISION_EXIT: Readonly<Record<string, number>> = {
  ship: EXIT.ok,
  'keep-running': EXIT.keepRunning,
  'roll-back': EXIT.rollBack,
  untrusted: EXIT.untrusted,
  inconclusive: EXIT.inconclusive,
};

async function results({ gateway, terminal }: Context, key: string, options: ResultsOptions): Promise<void> {
  const found = await gateway.ask(`${pathOf(key)}/results${options.fresh ? '?fresh=true' : ''}`);
  terminal.result(found, resultsText(found, terminal.paint));
  if (options.check)
    process.exitCode = DECISION_EXIT[String((found['verdict'] as Json)['decision'])] ?? EXIT.failed;
}
