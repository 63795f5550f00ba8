import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { inferInputs } from '../models/samples/features.ts';
import { type OfflineFigures, offlineEvaluation } from '../models/samples/offline-evaluation.ts';
import type { DemoVisit, NumberedFilm } from './audience.ts';
import { VERSIONS } from './clouds.ts';

const SAMPLES = path.join(import.meta.dirname, '..', 'models', 'samples');

/** By version, the score of each film by its number: what an honest answer must hold. */
export type ScoresByVersion = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** Scores every candidate film with each artifact, here and without a gateway in between. */
export async function scoreOffline(visits: readonly DemoVisit[]): Promise<ScoresByVersion> {
  const films = [
    ...new Map(visits.flatMap((visit) => visit.candidates.map((film) => [film.number, film]))).values(),
  ];
  const scored = await Promise.all(
    VERSIONS.map(async ({ version, artifact }) => {
      const scores = await run(await readFile(path.join(SAMPLES, artifact)), films);
      return [
        version,
        new Map(films.map((film, index) => [film.number, scores[index] ?? Number.NaN])),
      ] as const;
    }),
  );
  return new Map(scored);
}

async function run(model: Uint8Array, films: readonly NumberedFilm[]): Promise<Float32Array> {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const feeds = inferInputs(films).map((input) => [
    input.name,
    input.datatype === 'BYTES'
      ? new Tensor('string', input.data, input.shape)
      : new Tensor('float32', Float32Array.from(input.data), input.shape),
  ]);
  const { score } = await session.run(Object.fromEntries(feeds));
  await session.release();
  return score?.data as Float32Array;
}

/** What each version alone would have achieved on exactly the lists of these visits. */
export function figuresOffline(
  visits: readonly DemoVisit[],
  scores: ScoresByVersion,
): Map<string, OfflineFigures> {
  const lists = visits.map(({ candidates }) => candidates);
  return new Map(
    [...scores].map(([version, byFilm]) => [
      version,
      offlineEvaluation(lists, (film) => byFilm.get(film.number) ?? Number.NaN),
    ]),
  );
}
