import { rankingOutcome } from '../models/samples/offline-evaluation.ts';
import { type ApiKeys, BEST_IN_TOP_THREE, TENANTS, type TenantKey, TOP_RATING } from './configuration.ts';
import type { VisitRecord } from './replay.ts';

const BATCH = 1_000;

interface ReportedOutcome {
  readonly id: string;
  readonly event: string;
  readonly unit: 'user';
  readonly unitId: string;
  /** ISO 8601. */
  readonly at: string;
  readonly value: number;
  readonly requestId: string;
}

/** What a visit came to, read from the films' real ratings and the order that the visitor was given. */
function outcomesOf({ visit, at, ranking, scores }: VisitRecord): ReportedOutcome[] {
  if (scores.length === 0) return [];
  const { topRating, bestInTopThree } = rankingOutcome(visit.candidates, scores);
  const values = [
    [TOP_RATING.event, topRating],
    [BEST_IN_TOP_THREE.event, bestInTopThree ? 1 : 0],
  ] as const;
  return values.map(([event, value]) => ({
    id: `${ranking.requestId}/${event}`,
    event,
    unit: 'user',
    unitId: visit.visitor,
    at: new Date(at).toISOString(),
    value,
    requestId: ranking.requestId,
  }));
}

/** Reports every visit's outcomes, each tenant with its own key. Returns how many the gateway accepted and refused. */
export async function reportOutcomes(
  gatewayUrl: string,
  keys: ApiKeys,
  records: readonly VisitRecord[],
): Promise<{ readonly accepted: number; readonly rejected: number }> {
  let accepted = 0;
  let rejected = 0;
  for (const { key: tenant } of TENANTS) {
    const own = records.filter(({ visit }) => visit.tenant === tenant).flatMap(outcomesOf);
    for (let from = 0; from < own.length; from += BATCH) {
      const answer = await sendBatch(
        gatewayUrl,
        { tenant, apiKey: keys[tenant] },
        own.slice(from, from + BATCH),
      );
      accepted += answer.accepted;
      rejected += answer.rejected.length;
    }
  }
  return { accepted, rejected };
}

async function sendBatch(
  gatewayUrl: string,
  sender: { readonly tenant: TenantKey; readonly apiKey: string },
  outcomes: readonly ReportedOutcome[],
): Promise<{ readonly accepted: number; readonly rejected: readonly unknown[] }> {
  const response = await fetch(`${gatewayUrl}/v1/outcomes`, {
    method: 'POST',
    headers: { 'x-api-key': sender.apiKey, 'content-type': 'application/json' },
    body: JSON.stringify({ outcomes }),
  });
  const text = await response.text();
  if (!response.ok)
    throw new Error(`the outcomes of ${sender.tenant} were answered ${response.status}: ${text}`);
  return JSON.parse(text) as { accepted: number; rejected: unknown[] };
}
