import { anObject, jsonBody } from '../http/openapi-parts.ts';
import { type DirectRoute, type Route, tenantKey } from '../http/route.ts';
import type { DataPlane } from './data-plane.ts';
import { inferRoute } from './infer-route.ts';
import { modelStatusRoute } from './model-status-route.ts';
import { CONTEXT_HEADERS, INFERENCE_PROBLEMS, ofBoth } from './open-inference-routes.ts';
import { predictProtocol } from './predict-protocol.ts';
import { withinLimits } from './within-limits.ts';

const model = { access: tenantKey('infer'), tag: 'data plane' } as const;

/** `:predict` and the status beside it. */
export function predictRoutes(plane: DataPlane): (Route | DirectRoute)[] {
  return [
    ...ofBoth<DirectRoute>({
      ...model,
      direct: true,
      method: 'post',
      path: '/v1/models/{endpoint}:predict',
      id: 'predict',
      summary:
        'Inference as TensorFlow Serving, KServe v1 and Vertex AI have it: instances in, predictions out',
      parameters: CONTEXT_HEADERS,
      body: jsonBody(
        { type: 'object' },
        { instances: [{ budget_usd: 97_000_000 }, { budget_usd: 12_000_000 }] },
      ),
      answers: { 200: anObject('Predictions, or outputs for inputs', { predictions: [0.71, 0.42] }) },
      problems: INFERENCE_PROBLEMS,
      handle: withinLimits(plane, inferRoute(plane, predictProtocol)),
    }),
    {
      ...model,
      method: 'get',
      path: '/v1/models/{endpoint}',
      id: 'modelStatus',
      summary: 'Whether the endpoint is ready, and its versions',
      answers: {
        200: anObject('Status', {
          name: 'movie-ranking',
          ready: true,
          model_version_status: [
            { version: 'v1', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } },
          ],
        }),
      },
      problems: ['not-found'],
      handle: modelStatusRoute(plane),
    },
  ];
}
