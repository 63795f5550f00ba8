import { Command } from 'commander';
import { type Context, contextOf } from '../context.ts';
import { followScript } from '../follow-script.ts';
import type { Json } from '../gateway-client.ts';

/** `switchyard targets …`: where models answer. */
export function targetsCommand(): Command {
  const command = new Command('targets').description('bring targets to what a stack has placed');
  command
    .command('sync')
    .description("register a stack's models, versions and targets with its gateway, or with --url")
    .argument('<stack>', 'as Pulumi names it')
    .action((stack: string, _options: unknown, self: Command) => {
      const isGiven = self.getOptionValueSourceWithGlobals('url') !== 'default';
      const { url } = self.optsWithGlobals<{ readonly url: string }>();
      return sync(contextOf(self), { stack, ...(isGiven ? { url } : {}) });
    });
  return command;
}

async function sync(
  { terminal }: Context,
  { stack, url }: { readonly stack: string; readonly url?: string },
): Promise<void> {
  const key = process.env['SWITCHYARD_KEY'];
  const script = {
    path: 'infra/targets/main.ts',
    parameters: [stack, '--json'],
    about: ({ path }: Json) => path,
    env: {
      ...(key === undefined ? {} : { ADMIN_API_KEY: key }),
      ...(url === undefined ? {} : { SWITCHYARD_URL: url }),
    },
  };
  const { exitCode, records } = await followScript(script, terminal.progress);
  process.exitCode = exitCode;
  const synced = records.map(({ path, outcome }) => ({ path: String(path), outcome: String(outcome) }));
  const lines = synced.map(({ path, outcome }) => `${outcome.padEnd(9)} ${path}`);
  if (exitCode === 0) terminal.result(synced, lines.join('\n') || 'The stack has placed no model.');
}
