import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Processes } from './processes.ts';
import { type Progress, plainProgress, terminalProgress } from './progress.ts';
import { checkPromises } from './promises.ts';
import { invitation, jsonReport, textReport } from './report.ts';
import { runDemo } from './run-demo.ts';
import type { Stage } from './start-everything.ts';

interface Options {
  /** End after the verdict instead of staying up. */
  readonly exit: boolean;
  /** Standard output gets one line of JSON and nothing else; progress goes to standard error. */
  readonly json: boolean;
}

const { values } = parseArgs({
  options: { exit: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
});
// Not only the exit code: an interrupted run would go on with its next step.
process.exit(await demo(values));

/** Runs the demo to its end and clears away after it. Returns the exit code: 0 when every promise held. */
async function demo(options: Options): Promise<number> {
  const stage = {
    directory: await mkdtemp(path.join(os.tmpdir(), 'switchyard-demo-')),
    processes: new Processes(),
    progress: progressFor(options),
  };
  const interrupted = nextSignal();
  try {
    const ended = await Promise.race([show(stage, options), interrupted]);
    if (typeof ended === 'string') return 128 + os.constants.signals[ended];
    if (!options.exit) await interrupted;
    return ended;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    await stage.processes.stop();
    await rm(stage.directory, { recursive: true, force: true });
  }
}

function progressFor({ json }: Options): Progress {
  if (json) return plainProgress((line) => console.error(line));
  return process.stdout.isTTY ? terminalProgress : plainProgress((line) => console.log(line));
}

async function show(stage: Stage, options: Options): Promise<number> {
  const run = await runDemo(stage);
  const tell = options.json ? console.error : console.log;
  tell(`\n${textReport(run)}\n`);
  if (!options.exit) tell(`${invitation(run)}\n`);
  if (options.json) console.log(jsonReport(run));
  return checkPromises(run).every(({ holds }) => holds) ? 0 : 1;
}

/** A second signal ends the process at once. */
function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, resolve);
  });
}
