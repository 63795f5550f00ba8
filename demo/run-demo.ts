import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { adminClient } from './admin-client.ts';
import { type DemoVisit, demoVisits } from './audience.ts';
import {
  type ApiKeys,
  configure,
  PAGES_EXPERIMENT,
  RANKING_EXPERIMENT,
  TOP_RATING,
} from './configuration.ts';
import { figuresOffline, scoreOffline } from './offline.ts';
import { reportOutcomes } from './outcomes.ts';
import { rankingRequest, replayVisits, type VisitRecord } from './replay.ts';
import { type Results, readResults } from './results.ts';
import { type RunningSystem, type Stage, startEverything } from './start-everything.ts';
import { type Tally, tallyOf } from './tally.ts';

const CONCURRENCY = 8;
const LOST_CLOUD = 'gcp';

/** Everything that a run brought to light. */
export interface DemoRun {
  readonly system: RunningSystem;
  readonly keys: ApiKeys;
  /** Holds a ready-made body for the ranking endpoint. */
  readonly requestFile: string;
  readonly tally: Tally;
  readonly outcomes: { readonly accepted: number; readonly rejected: number };
  readonly results: Results;
  readonly pageResults: Results;
  /** Treatment against control on the primary metric. */
  readonly primary: Results['metrics'][number]['comparisons'][number];
  /** Mean rating of the film ranked first, on the very lists that the visitors brought. */
  readonly offline: { readonly v1: number; readonly v2: number; readonly difference: number };
}

/** The whole job, as a user would do it: start, register, replay, lose a cloud, read the verdict. */
export async function runDemo(stage: Stage): Promise<DemoRun> {
  const { progress } = stage;
  const system = await startEverything(stage);
  const admin = adminClient(system.gatewayUrl, system.adminKey);
  const keys = await progress.step(
    'Register tenants, model, targets, endpoints and experiments by the admin API',
    () => configure(admin, system),
  );
  const visits = demoVisits();
  const records = await progress.step(
    `Replay ${visits.length} visits, and kill the runner in ${LOST_CLOUD} half-way`,
    (say) => replayAndLoseACloud(system, { keys, visits, say }),
  );
  const outcomes = await progress.step('Report what the visits came to', async (say) => {
    const reported = await reportOutcomes(system.gatewayUrl, keys, records);
    say(`${reported.accepted} outcomes accepted`);
    return reported;
  });
  const scores = await progress.step('Judge both versions offline on the same lists', () =>
    scoreOffline(visits),
  );
  const figures = figuresOffline(visits, scores);
  const meanOf = (version: string) => figures.get(version)?.meanTopRating ?? Number.NaN;
  const [results, pageResults] = await progress.step('Read the verdict', async () => {
    const read = async (experiment: string) =>
      readResults(await admin.read(`experiments/${experiment}/results?fresh=true`));
    return [await read(RANKING_EXPERIMENT), await read(PAGES_EXPERIMENT)] as const;
  });
  return {
    system,
    keys,
    requestFile: await writeExampleRequest(stage.directory, visits),
    tally: tallyOf(records, scores),
    outcomes,
    results,
    pageResults,
    primary: primaryOf(results),
    offline: { v1: meanOf('v1'), v2: meanOf('v2'), difference: meanOf('v2') - meanOf('v1') },
  };
}

/** Kills one cloud's runner after half of the visits, while others are under way, and goes on as if nothing had happened. */
async function replayAndLoseACloud(
  { gatewayUrl, clouds }: RunningSystem,
  {
    keys,
    visits,
    say,
  }: { readonly keys: ApiKeys; readonly visits: readonly DemoVisit[]; readonly say: (text: string) => void },
): Promise<VisitRecord[]> {
  const half = Math.floor(visits.length / 2);
  const lost = clouds.find(({ name }) => name === LOST_CLOUD);
  return replayVisits({
    gatewayUrl,
    keys,
    visits,
    concurrency: CONCURRENCY,
    onVisit: async (made) => {
      if (made === half) await lost?.runner.kill();
      say(made < half ? `${made} made` : `${made} made, since ${half} without ${LOST_CLOUD}`);
    },
  });
}

async function writeExampleRequest(directory: string, visits: readonly DemoVisit[]): Promise<string> {
  const file = path.join(directory, 'ranking-request.json');
  const candidates = visits[0]?.candidates.slice(0, 5) ?? [];
  await writeFile(file, JSON.stringify(rankingRequest({ candidates })));
  return file;
}

function primaryOf({ metrics, verdict }: Results): DemoRun['primary'] {
  const comparison = metrics.find(({ key }) => key === TOP_RATING.key)?.comparisons[0];
  if (comparison === undefined)
    throw new Error(`the results compare nothing on ${TOP_RATING.key}: ${verdict.sentence}`);
  return comparison;
}
