import { type InferInput, inferInputs } from '../models/samples/features.ts';
import type { DemoVisit } from './audience.ts';
import { type ApiKeys, PAGES_ENDPOINT, RANKING_ENDPOINT } from './configuration.ts';

/** What one answer of the gateway says about itself. */
export interface Answer {
  readonly requestId: string;
  readonly status: number;
  /** Null when the visitor was not enrolled. */
  readonly experiment: string | null;
  readonly variant: string | null;
  /** The target that answered. */
  readonly target: string | null;
  readonly fallback: boolean;
}

/** One visit as the tenant's backend lived it: the ranking, then the page of the film ranked first. */
export interface VisitRecord {
  readonly visit: DemoVisit;
  /** Milliseconds since the epoch, when the ranking was there. */
  readonly at: number;
  readonly ranking: Answer;
  /** One score per candidate; empty when the request failed. */
  readonly scores: readonly number[];
  readonly page: Answer;
  /** Whether the page was that of the film asked for. */
  readonly pageIsRight: boolean;
}

export interface Replay {
  readonly gatewayUrl: string;
  readonly keys: ApiKeys;
  readonly visits: readonly DemoVisit[];
  /** Visits under way at the same time. */
  readonly concurrency: number;
  /** Called after each visit with the number of visits made; awaited by the visitor who made it. */
  readonly onVisit: (made: number) => Promise<void>;
}

/** Makes the visits in order, several at a time; records come in the order of the visits. */
export async function replayVisits(replay: Replay): Promise<VisitRecord[]> {
  const records: VisitRecord[] = [];
  const queue = replay.visits.entries();
  let made = 0;
  const visitInTurn = async () => {
    for (const [index, visit] of queue) {
      records[index] = await makeVisit(replay, visit);
      made += 1;
      await replay.onVisit(made);
    }
  };
  await Promise.all(Array.from({ length: replay.concurrency }, visitInTurn));
  return records;
}

async function makeVisit({ gatewayUrl, keys }: Replay, visit: DemoVisit): Promise<VisitRecord> {
  const context = { user: visit.visitor, crawler: visit.crawler };
  const headers = {
    'x-api-key': keys[visit.tenant],
    'x-switchyard-context': Buffer.from(JSON.stringify(context)).toString('base64url'),
  };
  const ranked = await fetch(`${gatewayUrl}/v2/models/${RANKING_ENDPOINT}/infer`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(rankingRequest(visit)),
  });
  const scores = scoresIn(await ranked.json());
  const at = Date.now();
  const first = visit.candidates[scores.indexOf(Math.max(...scores))] ?? visit.candidates[0];
  const page = await fetch(`${gatewayUrl}/v1/proxy/${PAGES_ENDPOINT}/films/${first?.number}`, { headers });
  const heading = `<h1>${first?.title.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</h1>`;
  const pageIsRight = (await page.text()).startsWith(heading);
  return { visit, at, ranking: answerOf(ranked), scores, page: answerOf(page), pageIsRight };
}

/** The body that asks for the candidates' scores. */
export function rankingRequest({ candidates }: Pick<DemoVisit, 'candidates'>): {
  readonly inputs: InferInput[];
} {
  return { inputs: inferInputs(candidates) };
}

function scoresIn(body: unknown): readonly number[] {
  const outputs = (body as { readonly outputs?: { readonly name: string; readonly data: number[] }[] })
    .outputs;
  return outputs?.find(({ name }) => name === 'score')?.data ?? [];
}

function answerOf({ status, headers }: Response): Answer {
  return {
    requestId: headers.get('x-request-id') ?? '',
    status,
    experiment: headers.get('x-switchyard-experiment'),
    variant: headers.get('x-switchyard-variant'),
    target: headers.get('x-switchyard-target'),
    fallback: headers.get('x-switchyard-fallback') === 'true',
  };
}
