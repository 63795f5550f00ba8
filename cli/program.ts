import { Command, Option } from 'commander';
import { analyzeCommand } from './commands/analyze.ts';
import { completionCommand } from './commands/completion.ts';
import { applyCommand, exportCommand } from './commands/configuration.ts';
import { doctorCommand } from './commands/doctor.ts';
import { experimentCommand } from './commands/experiment.ts';
import { explainCommand } from './commands/explain.ts';
import { importCommand } from './commands/import.ts';
import { initCommand } from './commands/init.ts';
import { modelCommand } from './commands/model.ts';
import { demoCommand, runnerCommand, startCommand } from './commands/processes.ts';
import { targetsCommand } from './commands/targets.ts';

const DEFAULT_URL = 'http://127.0.0.1:8080';

/** `switchyard`: every command, with what all of them take. Throws CommanderError instead of ending the process. */
export function createProgram(): Command {
  const program = new Command('switchyard')
    .description('Experiments and A/B routing for models, from the command line')
    .version('0.1.0')
    .addOption(new Option('--url <url>', 'the gateway').env('SWITCHYARD_URL').default(DEFAULT_URL))
    .option('--json', 'one line of JSON instead of text')
    .addHelpText(
      'after',
      '\nThe key is read from SWITCHYARD_KEY or ADMIN_API_KEY, never from the command line.',
    )
    .showHelpAfterError('(add --help for what it takes)')
    .exitOverride();
  const commands = [
    initCommand(),
    startCommand(),
    runnerCommand(),
    demoCommand(),
    applyCommand(),
    exportCommand(),
    importCommand(),
    experimentCommand(),
    explainCommand(),
    modelCommand(),
    targetsCommand(),
    analyzeCommand(),
    doctorCommand(),
    completionCommand(),
  ];
  for (const command of commands) program.addCommand(withExitOverride(command));
  return program;
}

/** Commander inherits neither for commands that are made apart from their program. */
function withExitOverride(command: Command): Command {
  command.exitOverride().showHelpAfterError('(add --help for what it takes)');
  for (const child of command.commands) withExitOverride(child);
  return command;
}
