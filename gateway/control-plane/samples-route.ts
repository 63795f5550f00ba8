import { fileURLToPath, pathToFileURL } from 'node:url';
import manifest from '../../models/samples/movie-ranker/manifest.json' with { type: 'json' };
import { anObject } from '../http/openapi-parts.ts';
import { ADMINS, type Route } from '../http/route.ts';

const SAMPLES = fileURLToPath(new URL('../../models/samples/', import.meta.url));

/** What of the manifest a registration takes; where the file lies on this machine. */
function versions() {
  return manifest.versions.map(({ version, description, sha256, sizeBytes, artifact }) => ({
    version,
    description,
    sha256,
    sizeBytes,
    artifacts: [pathToFileURL(`${SAMPLES}${artifact}`).href],
  }));
}

/** The model that comes with the gateway, so that an empty installation can try something real. */
export function samplesRoute(): Route {
  return {
    method: 'get',
    path: '/admin/v1/samples',
    access: ADMINS,
    id: 'sampleModels',
    tag: 'models',
    summary: 'The sample model that comes with the gateway: its versions, as they are registered',
    answers: {
      200: anObject('One model', {
        model: manifest.model,
        versions: [
          {
            version: 'v1',
            description: 'Ridge regression of the rating on genre and MPAA rating',
            sha256: manifest.versions[0]?.sha256 ?? '',
            sizeBytes: 984,
            artifacts: ['file:///app/models/samples/movie-ranker/v1/model.onnx'],
          },
        ],
      }),
    },
    handle: (_request, response) => response.json({ model: manifest.model, versions: versions() }),
  };
}
