import { hash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Film, loadFilms, type RatedFilm } from './films.ts';
import { fitLinearRanker, linearScore } from './linear-ranker.ts';
import { type OfflineFigures, offlineEvaluation } from './offline-evaluation.ts';
import { linearRankerModel, treeRankerModel } from './ranker-graphs.ts';
import { type Split, splitFilms } from './split.ts';
import { fitTreeRanker, treeScore } from './tree-ranker.ts';
import { visitsOf } from './visitors.ts';

/** The lists on which both versions are judged offline. */
const EVALUATION = { visitors: 4_000, visits: 4_000, candidates: 20, seed: 1 };

/** What manifest.json says of one version. */
export interface VersionManifest {
  readonly version: string;
  readonly description: string;
  /** Relative to models/samples/, and so the object's name in an artifact store. */
  readonly artifact: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly training: RatingError;
  readonly heldOut: RatingError & OfflineFigures;
}

interface RatingError {
  readonly films: number;
  /** Root mean squared error of the predicted rating, in rating points. */
  readonly rmse: number;
}

export interface TrainedRanker {
  readonly manifest: VersionManifest;
  readonly bytes: Uint8Array;
}

/** Both versions of the movie ranker, trained anew: the same films give the same bytes on every machine. */
export function trainRankers(films: readonly Film[]): TrainedRanker[] {
  const split = splitFilms(films);
  const linear = fitLinearRanker(split.training);
  const trees = fitTreeRanker(split.training);
  return [
    trained(split, {
      version: 'v1',
      description: 'Ridge regression of the rating on genre and MPAA rating',
      bytes: linearRankerModel(linear),
      score: (film) => linearScore(linear, film),
    }),
    trained(split, {
      version: 'v2',
      description: 'Gradient-boosted trees on all features, categories target-encoded out of fold',
      bytes: treeRankerModel(trees),
      score: (film) => treeScore(trees, film),
    }),
  ];
}

interface Candidate {
  readonly version: string;
  readonly description: string;
  readonly bytes: Uint8Array;
  readonly score: (film: RatedFilm) => number;
}

function trained(
  { training, heldOut }: Split,
  { version, description, bytes, score }: Candidate,
): TrainedRanker {
  const lists = visitsOf(heldOut, EVALUATION).map(({ candidates }) => candidates);
  return {
    bytes,
    manifest: {
      version,
      description,
      artifact: `movie-ranker/${version}/model.onnx`,
      sha256: hash('sha256', bytes),
      sizeBytes: bytes.length,
      training: ratingError(training, score),
      heldOut: { ...ratingError(heldOut, score), ...rounded(offlineEvaluation(lists, score)) },
    },
  };
}

function ratingError(films: readonly RatedFilm[], score: (film: RatedFilm) => number): RatingError {
  const squares = films.reduce((sum, film) => sum + (score(film) - film.rating) ** 2, 0);
  return { films: films.length, rmse: round(Math.sqrt(squares / films.length)) };
}

const round = (value: number): number => Number(value.toFixed(4));

const rounded = (figures: OfflineFigures): OfflineFigures => ({
  lists: figures.lists,
  meanTopRating: round(figures.meanTopRating),
  shareBestInTopThree: round(figures.shareBestInTopThree),
});

const MODEL = 'movie-ranker';

/** What a runner reads to serve the samples: the versions as its repository lists them. */
export function repositoryOf(rankers: readonly TrainedRanker[]) {
  return {
    models: rankers.map(({ manifest: { version, artifact, sha256, sizeBytes } }) => ({
      model: MODEL,
      version,
      artifact,
      sha256,
      sizeBytes,
    })),
  };
}

/** Writes each model.onnx, the manifest and a runner's repository.json under `directory`. */
export function writeRankers(rankers: readonly TrainedRanker[], directory: string): void {
  for (const { manifest, bytes } of rankers) {
    const file = path.join(directory, manifest.artifact);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  const manifest = { model: MODEL, versions: rankers.map((ranker) => ranker.manifest) };
  writeJson(path.join(directory, MODEL, 'manifest.json'), manifest);
  writeJson(path.join(directory, 'repository.json'), repositoryOf(rankers));
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

if (import.meta.main) {
  const rankers = trainRankers(loadFilms());
  writeRankers(rankers, import.meta.dirname);
  console.table(
    rankers.map(({ manifest: { version, sizeBytes, heldOut } }) => ({ version, sizeBytes, ...heldOut })),
  );
}
