import type { ModelState } from '../onnx/model-host.ts';
import { HttpError } from './http-error.ts';
import type { ListedVersion, RepositoryWatcher } from './repository-watcher.ts';

/** A version that can be asked now. */
export type Ready = ListedVersion & { readonly state: ModelState & { readonly status: 'ready' } };

/** What a path names: a model, or one version of it. */
export interface ModelPath {
  readonly model: string;
  readonly version?: string | undefined;
}

export function readyVersions(repository: RepositoryWatcher, model: string): readonly Ready[] {
  return repository.versionsOf(model).filter((listed): listed is Ready => listed.state?.status === 'ready');
}

/** The version asked for, or the newest one that is ready. Throws HttpError 404 or 503. */
export function readyVersion(repository: RepositoryWatcher, { model, version }: ModelPath): Ready {
  const listed = repository
    .versionsOf(model)
    .filter((candidate) => version === undefined || candidate.version === version);
  const ready = listed.findLast((candidate): candidate is Ready => candidate.state?.status === 'ready');
  if (ready !== undefined) return ready;
  const asked = JSON.stringify(version === undefined ? model : `${model}/${version}`.slice(0, 160));
  const newest = listed.at(-1);
  if (newest === undefined) throw new HttpError(404, `model ${asked} is unknown here`);
  const { state } = newest;
  const reason = state?.status === 'failed' ? `failed (${state.error.code})` : (state?.status ?? 'unloaded');
  throw new HttpError(503, `model ${asked} is not ready: ${reason}`);
}
