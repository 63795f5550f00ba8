import { Command } from 'commander';
import { type Context, contextOf } from '../context.ts';
import { readInput } from '../read-input.ts';
import type { Terminal } from '../terminal.ts';

const PATH = '/admin/v1/config';
const YAML = 'application/yaml';

interface ApplyOptions {
  readonly file: string;
  readonly dryRun?: boolean;
  readonly prune?: boolean;
}

/** `switchyard apply`: make the installation what a file says. */
export function applyCommand(): Command {
  return new Command('apply')
    .description('make the installation what a YAML or JSON file says: all of it or none')
    .requiredOption('-f, --file <file>', 'the file; - for standard input')
    .option('--dry-run', 'only say what would change')
    .option('--prune', 'also delete what the file leaves out, of the kinds that it has')
    .action((options: ApplyOptions, self: Command) => apply(contextOf(self), options));
}

/** `switchyard export`: everything registered, as a file for `apply`. */
export function exportCommand(): Command {
  return new Command('export')
    .description('everything registered, as a file that "apply" brings about again (YAML; JSON with --json)')
    .action(async (_options: unknown, self: Command) => {
      const { gateway, terminal } = contextOf(self);
      if (terminal.json) return terminal.result(await gateway.ask(PATH), '');
      terminal.result(null, (await gateway.askText(PATH, { headers: { accept: YAML } })).trimEnd());
    });
}

interface Planned {
  readonly action: 'create' | 'replace' | 'delete';
  readonly kind: string;
  readonly key: string;
  readonly changes?: readonly {
    readonly path: string;
    readonly before?: unknown;
    readonly after?: unknown;
  }[];
}

async function apply({ gateway, terminal }: Context, { file, dryRun, prune }: ApplyOptions): Promise<void> {
  const content = await readInput(file);
  const query = new URLSearchParams({
    ...(dryRun ? { dryRun: 'true' } : {}),
    ...(prune ? { prune: 'true' } : {}),
  });
  // Every JSON document is YAML too (YAML 1.2).
  const plan = await gateway.ask(`${PATH}?${query}`, { method: 'PUT', text: { type: YAML, content } });
  const changes = (plan['changes'] ?? []) as readonly Planned[];
  const said =
    changes.length === 0 ? 'Nothing to change.' : changes.map((one) => lineOf(one, terminal)).join('\n');
  const end = dryRun ? 'Nothing was changed: this is the plan.' : `At revision ${String(plan['revision'])}.`;
  terminal.result(plan, `${said}\n${end}`);
}

const SIGNS = { create: ['+', 'green'], replace: ['~', 'yellow'], delete: ['-', 'red'] } as const;

function lineOf({ action, kind, key, changes = [] }: Planned, terminal: Terminal): string {
  const [sign, color] = SIGNS[action];
  const fields = changes.map(({ path, before, after }) => {
    const change = `${JSON.stringify(before ?? null)} → ${JSON.stringify(after ?? null)}`;
    // The whole of a new thing, or of one that goes, is no change of a field.
    return path === '' ? `    ${JSON.stringify(after ?? before)}` : `    ${path}: ${change}`;
  });
  return [terminal.paint(color, `${sign} ${kind}/${key}`), ...fields].join('\n');
}
