import { createInterface } from 'node:readline/promises';
import { Argument, Command, InvalidArgumentError } from 'commander';
import { type Context, contextOf } from '../context.ts';
import { UsageError } from '../explain-failure.ts';
import { type Json, RefusedError } from '../gateway-client.ts';

const pathOf = (key: string) => `/admin/v1/experiments/${encodeURIComponent(key)}`;

/** When a change is made; at once unless it says otherwise. */
interface Planning {
  readonly at?: string;
  readonly plan?: boolean;
}

const AT = ['--at <time>', 'plan it for then: 2026-12-01T08:00:00Z'] as const;
const PLAN = ['--plan', 'plan it for when enough others have approved it'] as const;

/** `switchyard experiment ramp`: how much of its audience an experiment enrols. */
export function rampCommand(): Command {
  return new Command('ramp')
    .description('enrol another share of the audience, now or by a planned change')
    .argument('<key>')
    .addArgument(new Argument('<share>', 'of the audience: 25%').argParser(basisPointsOf))
    .option(...AT)
    .option(...PLAN)
    .action((key: string, allocation: number, options: Planning, self: Command) =>
      ramp(contextOf(self), { key, allocation, ...options }),
    );
}

function basisPointsOf(text: string): number {
  const basisPoints = Math.round(Number(/^(\d+(?:\.\d{1,2})?)%$/.exec(text)?.[1]) * 100);
  if (basisPoints >= 0 && basisPoints <= 10_000) return basisPoints;
  throw new InvalidArgumentError('It must be from 0% to 100%, with at most two decimals: 12.5%');
}

async function ramp(
  context: Context,
  { key, allocation, ...planning }: Planning & { readonly key: string; readonly allocation: number },
): Promise<void> {
  const share = `${allocation / 100}%`;
  if (isPlanned(planning)) {
    const sentence = `${key} enrols ${share} of its audience`;
    return plan(context, { key, change: { fields: { allocation } }, sentence, ...planning });
  }
  const { gateway, terminal } = context;
  const stored = await gateway.ask(pathOf(key));
  const changed = await gateway.ask(pathOf(key), {
    method: 'PUT',
    headers: { 'if-match': `"${String(stored['revision'])}"` },
    body: { ...written(stored), allocation },
  });
  const before = `${Number(stored['allocation']) / 100}%`;
  const warnings = (changed['warnings'] ?? []) as readonly { readonly message: string }[];
  terminal.result(
    changed,
    [
      `${key} enrols ${share} of its audience, ${before} before (revision ${String(changed['revision'])})`,
      ...warnings.map(({ message }) => terminal.paint('yellow', `  ! ${message}`)),
    ].join('\n'),
  );
}

/** An experiment without what the gateway says of it beside what was written. */
function written(stored: Json): Json {
  const { state, status, revision, createdAt, updatedAt, warnings, ...fields } = stored;
  return fields;
}

const isPlanned = ({ at, plan: later }: Planning) => at !== undefined || later === true;

interface Planned extends Planning {
  readonly key: string;
  /** Fields of the experiment, or the decision that ends it. */
  readonly change: Json;
  /** What it comes to. */
  readonly sentence: string;
}

async function plan({ gateway, terminal }: Context, { key, change, sentence, at }: Planned): Promise<void> {
  const body = { ...(at === undefined ? {} : { at }), ...change };
  const planned = await gateway.ask(`${pathOf(key)}/changes`, { method: 'POST', body });
  const when = at === undefined ? 'once enough others have approved it' : `at ${at}`;
  terminal.result(planned, `${sentence} ${when}`);
}

interface ShipOptions extends Planning {
  readonly reason?: string;
  readonly yes?: boolean;
}

/** `switchyard experiment ship`: end an experiment and give one variant to everyone. */
export function shipCommand(): Command {
  return new Command('ship')
    .description('end it and give one variant to everyone who calls the endpoint; cannot be undone')
    .argument('<key>')
    .argument('<variant>')
    .option('--reason <text>', 'for whoever reads the decision later')
    .option('--yes', 'do not ask')
    .option(...AT)
    .option(...PLAN)
    .action((key: string, variant: string, options: ShipOptions, self: Command) =>
      ship(contextOf(self), { key, variant, ...options }),
    );
}

interface Ship extends ShipOptions {
  readonly key: string;
  readonly variant: string;
}

async function ship(context: Context, { key, variant, reason, yes, ...planning }: Ship): Promise<void> {
  const { gateway, terminal } = context;
  const decision = { decision: 'ship', variant, ...(reason === undefined ? {} : { reason }) };
  if (isPlanned(planning)) {
    const sentence = `${key} ends and ${variant} is shipped`;
    return plan(context, { key, change: { decision }, sentence, ...planning });
  }
  if (yes !== true) await confirm(context, { key, variant });
  const decided = await gateway.ask(`${pathOf(key)}/decide`, {
    method: 'POST',
    body: decision,
  });
  terminal.result(
    decided,
    `${key} is ${String(decided['state'])}: everyone who calls ${String(decided['endpoint'])} gets ${variant} (revision ${String(decided['revision'])})`,
  );
}

/** Shows what the numbers say and has the key typed; throws where that was not done. */
async function confirm({ gateway }: Context, { key, variant }: Ship): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new UsageError('shipping cannot be undone: add --yes where nobody can be asked');
  }
  const { endpoint } = await gateway.ask(pathOf(key));
  const say = (line: string) => process.stderr.write(`${line}\n`);
  say(await verdictOf(gateway, key));
  say(`Everyone who calls ${String(endpoint)} would get ${variant}, and ${key} would end for good.`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const typed = await lines.question(`Type ${key} to ship it: `);
  lines.close();
  if (typed.trim() !== key) throw new Error('nothing was shipped');
}

/** The verdict's sentence, or why there is none: shipping waits for no analysis. */
async function verdictOf(gateway: Context['gateway'], key: string): Promise<string> {
  try {
    const { verdict } = await gateway.ask(`${pathOf(key)}/results`);
    return String((verdict as Json)['sentence']);
  } catch (error) {
    if (error instanceof RefusedError) return `There is no verdict: ${error.message}`;
    throw error;
  }
}
