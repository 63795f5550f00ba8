import { Argument, Command } from 'commander';
import { type Context, contextOf } from '../context.ts';
import { UsageError } from '../explain-failure.ts';
import { readInput } from '../read-input.ts';

const FORMATS = ['growthbook', 'unleash'] as const;

/** `switchyard import`: experiments of another product as a file for `apply`. */
export function importCommand(): Command {
  return new Command('import')
    .description("another product's experiments as drafts that keep every unit where it is, a file for apply")
    .addArgument(new Argument('<format>', 'whose export it is').choices(FORMATS))
    .argument('<file>', 'the export, JSON; - for standard input')
    .requiredOption('--endpoint <key>', 'the endpoint that the experiments are for')
    .action((format: string, file: string, { endpoint }: { readonly endpoint: string }, self: Command) =>
      importFrom(contextOf(self), { format, file, endpoint }),
    );
}

async function importFrom(
  { gateway, terminal }: Context,
  { format, file, endpoint }: { readonly format: string; readonly file: string; readonly endpoint: string },
): Promise<void> {
  const payload = jsonIn(await readInput(file), file);
  const answer = await gateway.ask('/admin/v1/import', {
    method: 'POST',
    body: { format, endpoint, payload },
  });
  const { experiments, skipped } = answer as {
    readonly experiments: readonly unknown[];
    readonly skipped: readonly { readonly path: string; readonly message: string }[];
  };
  for (const { path, message } of skipped) process.stderr.write(`left out ${path}: ${message}\n`);
  terminal.result(answer, JSON.stringify({ experiments }, null, 2));
}

function jsonIn(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${file} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
