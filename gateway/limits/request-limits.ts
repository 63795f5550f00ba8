import type { ServerResponse } from 'node:http';
import type { Limits } from '../catalogue/limits.ts';
import type { Tenant } from '../catalogue/tenant.ts';
import { Problem } from '../problems.ts';
import { FairQueue } from './fair-queue.ts';
import type { MonthlyUsage } from './monthly-usage.ts';
import { type RateState, RequestRate } from './request-rate.ts';

/** One kind of subject that has limits. */
interface Subject {
  readonly kind: 'tenant' | 'endpoint';
  readonly key: string;
  readonly limits: Limits;
}

/** Whose request it is and where it goes, for its limits. */
export interface Asking {
  readonly tenant: Tenant;
  readonly endpoint: { readonly key: string; readonly limits?: Limits | undefined };
}

export interface RequestLimitsOptions {
  /** Processes that share the port: each holds its share of a rate. */
  readonly processes: number;
  /** Managed inferences under way at a time in this process. */
  readonly maxInFlight: number;
  readonly usage: MonthlyUsage;
}

/**
 * Lets requests in: rates, requests under way, the month's quota, and a fair turn for every tenant. Throws
 * `rate-limited`, `quota-exhausted` or `overloaded`; the header fields of the IETF's draft
 * (draft-ietf-httpapi-ratelimit-headers-10) say how much of each rate is left.
 */
export class RequestLimits {
  readonly queue: FairQueue;
  readonly #options: RequestLimitsOptions;
  readonly #rate = new RequestRate();
  readonly #underWay = new Map<string, number>();

  constructor(options: RequestLimitsOptions) {
    this.#options = options;
    this.queue = new FairQueue(options.maxInFlight);
  }

  /** Checks and counts the request; its places are given back when its answer has ended. At once where nothing limits it. */
  admit(response: ServerResponse, asking: Asking): void | Promise<void> {
    const subjects = subjectsOf(asking);
    if (subjects.length === 0) return;
    const { tenant } = asking;
    for (const subject of subjects) this.#takePlace(response, subject);
    const monthly = tenant.limits?.requestsPerMonth;
    if (monthly !== undefined && !this.#options.usage.count(tenant.key, monthly)) {
      throw new Problem(
        'quota-exhausted',
        `tenant "${tenant.key}" has used up ${monthly} requests of this month`,
        {
          retryAfterSeconds: this.#options.usage.resetSeconds,
        },
      );
    }
    const limited = subjects.filter(({ limits }) => limits.requestsPerSecond !== undefined);
    return limited.length === 0 ? undefined : this.#countRates(response, limited);
  }

  /**
   * Waits for this tenant's turn where more is under way than this process takes on. Cancelled with the client;
   * bounded by the deadline of whoever waits.
   */
  turn(response: ServerResponse, tenant: string, timeoutMs: number): void | Promise<void> {
    if (this.queue.take()) {
      response.once('close', () => this.queue.release());
      return;
    }
    return this.#waitForTurn(response, tenant, timeoutMs);
  }

  async #waitForTurn(response: ServerResponse, tenant: string, timeoutMs: number): Promise<void> {
    const waiting = this.queue.wait(tenant);
    if (waiting === null) throw overloaded('too many requests of this tenant are waiting');
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    response.once('close', resolve);
    await Promise.race([waiting.place, promise]);
    clearTimeout(timer);
    if (waiting.leave()) throw overloaded('no turn came before the deadline');
    if (response.closed) this.queue.release();
    else response.once('close', () => this.queue.release());
  }

  #takePlace(response: ServerResponse, { kind, key, limits: { concurrency } }: Subject): void {
    if (concurrency === undefined) return;
    const name = `${kind}:${key}`;
    const taken = this.#underWay.get(name) ?? 0;
    if (taken >= Math.ceil(concurrency / this.#options.processes)) {
      throw new Problem(
        'rate-limited',
        `${kind} "${key}" may have ${concurrency} requests under way at a time`,
        {
          retryAfterSeconds: 1,
        },
      );
    }
    this.#underWay.set(name, taken + 1);
    response.once('close', () => {
      const left = (this.#underWay.get(name) ?? 1) - 1;
      if (left === 0) this.#underWay.delete(name);
      else this.#underWay.set(name, left);
    });
  }

  async #countRates(response: ServerResponse, subjects: readonly Subject[]): Promise<void> {
    const states: { readonly subject: Subject; readonly state: RateState }[] = [];
    for (const subject of subjects) {
      const perSecond = Math.ceil((subject.limits.requestsPerSecond ?? 0) / this.#options.processes);
      states.push({ subject, state: await this.#rate.consume(`${subject.kind}:${subject.key}`, perSecond) });
    }
    response.setHeader('ratelimit-policy', states.map(({ subject }) => policyOf(subject)).join(', '));
    response.setHeader('ratelimit', states.map(({ subject, state }) => stateOf(subject, state)).join(', '));
    const refused = states.find(({ state }) => !state.allowed);
    if (refused === undefined) return;
    const { kind, key, limits } = refused.subject;
    throw new Problem(
      'rate-limited',
      `${kind} "${key}" may make ${limits.requestsPerSecond} requests a second`,
      {
        retryAfterSeconds: refused.state.resetSeconds,
      },
    );
  }
}

/** The largest body that all of these allow, bytes. */
export function maxBodyBytes({ tenant, endpoint }: Asking, otherwise: number): number {
  return Math.min(
    otherwise,
    tenant.limits?.maxBodyBytes ?? otherwise,
    endpoint.limits?.maxBodyBytes ?? otherwise,
  );
}

function subjectsOf({ tenant, endpoint }: Asking): Subject[] {
  const subjects: Subject[] = [];
  if (tenant.limits !== undefined) subjects.push({ kind: 'tenant', key: tenant.key, limits: tenant.limits });
  if (endpoint.limits !== undefined)
    subjects.push({ kind: 'endpoint', key: endpoint.key, limits: endpoint.limits });
  return subjects;
}

const policyOf = ({ kind, limits }: Subject) => `"${kind}";q=${limits.requestsPerSecond};w=1`;
const stateOf = ({ kind }: Subject, { remaining, resetSeconds }: RateState) =>
  `"${kind}";r=${remaining};t=${resetSeconds}`;

const overloaded = (detail: string) => new Problem('overloaded', detail, { retryAfterSeconds: 1 });
