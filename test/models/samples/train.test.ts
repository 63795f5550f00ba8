import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { inferInputs } from '../../../models/samples/features.ts';
import { type Film, loadFilms, UNKNOWN_NUMBER } from '../../../models/samples/films.ts';
import { fitLinearRanker, linearScore } from '../../../models/samples/linear-ranker.ts';
import { splitFilms } from '../../../models/samples/split.ts';
import { repositoryOf, trainRankers } from '../../../models/samples/train.ts';
import { fitTreeRanker, treeScore } from '../../../models/samples/tree-ranker.ts';

const SAMPLES = new URL('../../../models/samples/', import.meta.url);
const films = loadFilms();
const { training, heldOut } = splitFilms(films);
const rankers = trainRankers(films);
const committed = JSON.parse(readFileSync(new URL('movie-ranker/manifest.json', SAMPLES), 'utf8'));

async function onnxScores(artifact: string, batch: readonly Film[]): Promise<number[]> {
  const session = await InferenceSession.create(readFileSync(new URL(artifact, SAMPLES)));
  const feeds = inferInputs(batch).map((input) => [
    input.name,
    input.datatype === 'BYTES'
      ? new Tensor('string', input.data, input.shape)
      : new Tensor('float32', Float32Array.from(input.data), input.shape),
  ]);
  const { score } = await session.run(Object.fromEntries(feeds));
  await session.release();
  expect(score?.dims).toEqual([batch.length]);
  return Array.from(score?.data as Float32Array);
}

describe('training the movie rankers', () => {
  it('gives the committed manifest and the committed bytes again', () => {
    expect({ model: 'movie-ranker', versions: rankers.map(({ manifest }) => manifest) }).toEqual(committed);
    expect(repositoryOf(rankers)).toEqual(
      JSON.parse(readFileSync(new URL('repository.json', SAMPLES), 'utf8')),
    );
    for (const { manifest, bytes } of rankers) {
      const file = readFileSync(new URL(manifest.artifact, SAMPLES));
      expect(hash('sha256', file)).toBe(manifest.sha256);
      expect(file.equals(bytes)).toBe(true);
    }
  });

  it('keeps the artifacts small enough to commit', () => {
    for (const { manifest } of rankers) expect(manifest.sizeBytes).toBeLessThan(500_000);
  });

  it('makes v2 clearly better than v1 on films that neither has seen', () => {
    const [v1, v2] = rankers.map(({ manifest }) => manifest.heldOut);
    expect((v2?.meanTopRating ?? 0) - (v1?.meanTopRating ?? 0)).toBeGreaterThan(0.3);
    expect((v2?.shareBestInTopThree ?? 0) - (v1?.shareBestInTopThree ?? 0)).toBeGreaterThan(0.15);
    expect(v2?.rmse).toBeLessThan(v1?.rmse ?? 0);
  });

  it('learns nothing from the held-out films', () => {
    const unseen = new Set<Film>(heldOut);
    const altered = films.map((film) => (unseen.has(film) ? { ...film, rating: 1 } : film));
    expect(trainRankers(altered).map(({ manifest }) => manifest.sha256)).toEqual(
      rankers.map(({ manifest }) => manifest.sha256),
    );
  });
});

describe('the ONNX artifacts', () => {
  const linear = fitLinearRanker(training);
  const trees = fitTreeRanker(training);
  const unheardOf: Film = {
    title: 'Unheard of',
    releaseDate: '',
    genre: 'No such genre',
    mpaa: '',
    source: 'Überlieferung',
    creativeType: '',
    distributor: '',
    director: 'Nobody',
    runningTimeMin: UNKNOWN_NUMBER,
    budgetUsd: UNKNOWN_NUMBER,
    releaseYear: UNKNOWN_NUMBER,
    releaseMonth: UNKNOWN_NUMBER,
    rating: null,
  };
  const batch = [...films, unheardOf];

  it.each([
    ['v1', (film: Film) => linearScore(linear, film)],
    ['v2', (film: Film) => treeScore(trees, film)],
  ])('%s scores every film in ONNX Runtime as the trainer did', async (version, score) => {
    const scores = await onnxScores(`movie-ranker/${version}/model.onnx`, batch);
    const worst = Math.max(
      ...batch.map((film, index) => Math.abs((scores[index] ?? Infinity) - score(film))),
    );
    expect(worst).toBeLessThan(1e-4);
  });

  it('answer the same request: one signature for both versions, of any number of films', async () => {
    for (const count of [0, 1, 7]) {
      for (const version of ['v1', 'v2']) {
        const scores = await onnxScores(`movie-ranker/${version}/model.onnx`, films.slice(0, count));
        expect(scores).toHaveLength(count);
      }
    }
  });
});
