import { Command, InvalidArgumentError } from 'commander';
import { type Context, contextOf } from '../context.ts';
import { UsageError } from '../explain-failure.ts';
import type { Json } from '../gateway-client.ts';
import type { Terminal } from '../terminal.ts';

interface ExplainOptions {
  readonly unit: Readonly<Record<string, string>>;
  readonly tenant?: string;
  readonly context?: Json;
}

/** `switchyard explain`: why a unit gets what it gets, check by check. */
export function explainCommand(): Command {
  return new Command('explain')
    .description('why a unit gets the variant that it gets: every check in order, with what it found')
    .argument('[experiment...]', 'every one that is running or paused unless named')
    .option('--unit <name=id...>', 'who calls: user=user-42', unitsOf, {})
    .option('--tenant <key>', 'whose backend calls: its attributes count')
    .option('--context <json>', 'what else the request says: {"country": "DE"}', contextIn)
    .action((experiments: string[], options: ExplainOptions, self: Command) =>
      explainEach(contextOf(self), experiments, options),
    );
}

function unitsOf(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, name, id] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || id === undefined) {
    throw new InvalidArgumentError('It must be a name and an id, as in user=user-42');
  }
  return { ...before, [name]: id };
}

function contextIn(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  } catch {
    // Said below, as for JSON that is no object.
  }
  throw new InvalidArgumentError('It must be a JSON object, as in {"country": "DE"}');
}

interface Explained {
  readonly experiment: string;
  readonly assignment: {
    readonly kind: string;
    readonly reason: string;
    readonly variant?: { readonly key: string };
  };
  readonly checks: readonly { readonly check: string; readonly passed: boolean; readonly detail: string }[];
}

async function explainEach(
  { gateway, terminal }: Context,
  named: readonly string[],
  { unit, tenant, context }: ExplainOptions,
): Promise<void> {
  if (Object.keys(unit).length === 0 && tenant === undefined && context === undefined) {
    throw new UsageError('say who calls: --unit user=user-42, --tenant acme or --context');
  }
  const keys = named.length > 0 ? named : await liveExperiments(gateway);
  const body = { ...(tenant === undefined ? {} : { tenant }), context: { ...context, ...unit } };
  const explained = await Promise.all(
    keys.map(async (experiment) => {
      const path = `/admin/v1/experiments/${encodeURIComponent(experiment)}/explain`;
      return { ...(await gateway.ask(path, { method: 'POST', body })), experiment } as unknown as Explained;
    }),
  );
  const text = explained.map((one) => explanationText(one, terminal)).join('\n\n');
  terminal.result(explained, text === '' ? 'No experiment is running.' : text);
}

async function liveExperiments(gateway: Context['gateway']): Promise<string[]> {
  const all = await gateway.list('/admin/v1/experiments');
  return all.filter(({ state }) => state === 'running' || state === 'paused').map(({ key }) => String(key));
}

function explanationText({ experiment, assignment, checks }: Explained, terminal: Terminal): string {
  const outcome =
    assignment.kind === 'enrolled'
      ? terminal.paint('green', assignment.variant?.key ?? '')
      : terminal.paint('yellow', `not enrolled (${assignment.reason})`);
  const width = Math.max(...checks.map(({ check }) => check.length));
  return [
    `${terminal.paint('bold', experiment)} → ${outcome}`,
    ...checks.map(({ check, passed, detail }) => {
      const mark = passed ? terminal.paint('green', '✓') : terminal.paint('red', '✗');
      return `  ${mark} ${check.padEnd(width)}  ${detail}`;
    }),
  ].join('\n');
}
