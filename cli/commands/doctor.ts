import { Command } from 'commander';
import { contextOf } from '../context.ts';
import { EXIT } from '../exit-codes.ts';

/** `switchyard doctor`: what is wrong with this machine's setting, and how to mend it. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check the environment, the database, the buckets and the clock, and say how to mend each')
    .action(async (_options: unknown, self: Command) => {
      const { terminal, gateway } = contextOf(self);
      // Here and not above: the clients of databases and buckets would slow every other command down.
      const { examine } = await import('../doctor/examine.ts');
      const findings = await examine({ environment: process.env, gateway });
      const text = findings
        .map(({ what, state, detail, mend }) => {
          const mark = {
            ok: terminal.paint('green', '✓'),
            wrong: terminal.paint('red', '✗'),
            warning: terminal.paint('yellow', '!'),
          }[state];
          return [`${mark} ${what}: ${detail}`, ...(mend === undefined ? [] : [`    → ${mend}`])].join('\n');
        })
        .join('\n');
      terminal.result(findings, text);
      if (findings.some(({ state }) => state === 'wrong')) process.exitCode = EXIT.failed;
    });
}
