import { Command } from 'commander';
import { type Context, contextOf } from '../context.ts';
import { followScript } from '../follow-script.ts';
import type { Json } from '../gateway-client.ts';
import { table } from '../table.ts';

/** `switchyard analyze`: one round over all running experiments, on this machine. */
export function analyzeCommand(): Command {
  return new Command('analyze')
    .description('bring the results of every running experiment up to the lake, once (settings as for start)')
    .action((_options: unknown, self: Command) => analyze(contextOf(self)));
}

/** The least severe level of the log that is a complaint. */
const WARNING = 40;

async function analyze({ terminal }: Context): Promise<void> {
  // Its log says how far it is, whatever a gateway's is set to.
  const script = {
    path: 'gateway/analyze.ts',
    env: { LOG_LEVEL: 'info' },
    about: ({ experiment }: Json) => experiment,
  };
  const { exitCode, records } = await followScript(script, terminal.progress);
  process.exitCode = exitCode;
  for (const { level, msg, experiment, err } of records) {
    if (Number(level) < WARNING) continue;
    const about = experiment === undefined ? '' : ` (${String(experiment)})`;
    const why = err === undefined ? '' : `: ${String((err as Json)['message'])}`;
    process.stderr.write(`switchyard: ${String(msg)}${about}${why}\n`);
  }
  const report = records.find(({ analysed }) => Array.isArray(analysed));
  if (report === undefined) return;
  const { analysed, failed, halted } = report as Readonly<Record<string, readonly string[]>>;
  terminal.result({ analysed, failed, halted }, roundText(records, halted ?? []));
}

function roundText(records: readonly Json[], halted: readonly string[]): string {
  const rows = records
    .filter(({ verdict }) => verdict !== undefined)
    .map(({ experiment, verdict, files }) => [String(experiment), String(verdict), String(files)]);
  const rounds =
    rows.length === 0
      ? 'No experiment is running.'
      : table([['experiment', 'verdict', 'files read'], ...rows]);
  return [rounds, ...halted.map((variant) => `Halted: ${variant}`)].join('\n');
}
