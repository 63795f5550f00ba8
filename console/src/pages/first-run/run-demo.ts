import { type Film, loadFilms } from './films.ts';
import { DEMO, registerDemo } from './register-demo.ts';

/** How far the demo is. */
export interface DemoProgress {
  readonly doing: string;
  /** 0–1. */
  readonly done: number;
}

const VISITORS = 700;
const CANDIDATES = 20;
const AT_ONCE = 6;
/** Outcomes are reported in batches, as a tenant's backend does. */
const BATCH = 100;

/**
 * The demo: registers the sample model and an experiment over its two versions, then visits the endpoint as a tenant's
 * backend would, with the real ratings of the films that were ranked first as outcomes. All of it through the API.
 */
export async function runDemo(onProgress: (progress: DemoProgress) => void): Promise<void> {
  onProgress({ doing: 'Registering the sample model and an experiment …', done: 0.02 });
  const [films, key] = await Promise.all([loadFilms(), registerDemo()]);
  const visitors = Array.from({ length: VISITORS }, (_, index) => `visitor-${index + 1}`).values();
  let made = 0;
  let outcomes: unknown[] = [];
  const report = async () => {
    const batch = outcomes;
    outcomes = [];
    if (batch.length > 0) await send('/v1/outcomes', { key, body: { outcomes: batch } });
  };
  const visitInTurn = async () => {
    for (const visitor of visitors) {
      const outcome = await visit(visitor, { key, candidates: someOf(films) });
      outcomes.push(outcome);
      made += 1;
      onProgress({ doing: `${made} of ${VISITORS} visitors came`, done: 0.1 + (0.9 * made) / VISITORS });
      if (outcomes.length >= BATCH) await report();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, visitInTurn));
  await report();
}

/** Has films ranked for a visitor, who watches the first one: the outcome is what its audience thinks of it. */
async function visit(
  visitor: string,
  { key, candidates }: { readonly key: string; readonly candidates: readonly Film[] },
) {
  const { body, requestId } = await send(`/v2/models/${DEMO.endpoint}/infer`, {
    key,
    body: { inputs: inputsOf(candidates) },
    context: { user: visitor, platform: Math.random() < 0.6 ? 'web' : 'tv' },
  });
  const { outputs } = body as { readonly outputs: readonly { name: string; data: readonly number[] }[] };
  const scores = outputs.find(({ name }) => name === 'score')?.data ?? [];
  const first = candidates[scores.indexOf(Math.max(...scores))];
  return {
    id: `${requestId}/${DEMO.event}`,
    event: DEMO.event,
    unit: 'user',
    unitId: visitor,
    value: first?.rating ?? 0,
    requestId,
  };
}

function inputsOf(films: readonly Film[]) {
  const shape = [films.length];
  const [some] = films;
  return [
    ...Object.keys(some?.texts ?? {}).map((name) => ({
      name,
      datatype: 'BYTES',
      shape,
      data: films.map(({ texts }) => texts[name] ?? ''),
    })),
    ...Object.keys(some?.numbers ?? {}).map((name) => ({
      name,
      datatype: 'FP32',
      shape,
      data: films.map(({ numbers }) => numbers[name] ?? -1),
    })),
  ];
}

interface Sent {
  readonly key: string;
  readonly body: unknown;
  readonly context?: Readonly<Record<string, string>>;
}

async function send(path: string, { key, body, context = {} }: Sent) {
  const answer = await fetch(path, {
    method: 'POST',
    headers: {
      'x-api-key': key,
      'content-type': 'application/json',
      'x-switchyard-context': btoa(JSON.stringify(context))
        .replaceAll('+', '-')
        .replaceAll('/', '_')
        .replaceAll('=', ''),
    },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${text}`);
  return { body: JSON.parse(text) as unknown, requestId: answer.headers.get('x-request-id') ?? '' };
}

/** Distinct films at random. */
function someOf(films: readonly Film[]): Film[] {
  const pool = [...films];
  return Array.from({ length: Math.min(CANDIDATES, pool.length) }, () => {
    const [film] = pool.splice(Math.floor(Math.random() * pool.length), 1);
    return film;
  }).filter((film) => film !== undefined);
}
