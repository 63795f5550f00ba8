import { loadFilms, type RatedFilm } from '../models/samples/films.ts';
import { splitFilms } from '../models/samples/split.ts';
import { type Visit, visitsOf } from '../models/samples/visitors.ts';
import type { TenantKey } from './configuration.ts';

/** A held-out film and its number in the data set, by which its page is found. */
export type NumberedFilm = RatedFilm & { readonly number: number };

/** A visit, the tenant whose site it is paid to, and what the tenant's backend knows of the visitor. */
export interface DemoVisit extends Visit<NumberedFilm> {
  readonly tenant: TenantKey;
  readonly crawler: boolean;
}

const VISITORS = 2_000;
/** More visits than visitors: half of the visitors come back, and must meet the same variant again. */
const VISITS = 3_000;
const CANDIDATES = 20;
const SEED = 3_201;

/** The demo's visits, the same in every run: real held-out films, one tenth on the free plan, one in twenty a crawler. */
export function demoVisits(): DemoVisit[] {
  const films = loadFilms();
  const numberOf = new Map(films.map((film, number) => [film, number]));
  const heldOut = splitFilms(films).heldOut.map((film) => ({ ...film, number: numberOf.get(film) ?? -1 }));
  const options = { visitors: VISITORS, visits: VISITS, candidates: CANDIDATES, seed: SEED };
  return visitsOf(heldOut, options).map((visit, index) => ({
    ...visit,
    tenant: (index % VISITORS) % 10 === 0 ? 'matinee' : 'odeon',
    crawler: (index % VISITORS) % 20 === 5,
  }));
}

/** Whether the experiment on rankers is for this visitor: its audience, said once more by the tenant's side. */
export const isInAudience = ({ tenant, crawler }: DemoVisit): boolean => tenant === 'odeon' && !crawler;
