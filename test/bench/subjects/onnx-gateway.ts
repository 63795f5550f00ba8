import { OnnxModels } from '../../support/onnx-endpoint.ts';
import { linearModel } from '../../support/onnx-models.ts';
import { startTestGateway } from '../../support/test-gateway.ts';
import { reportTo } from './serve.ts';

/** The gateway with everything on and a model in process; the key is the last part of the URL's hash. */
const gateway = await startTestGateway({ LOG_LEVEL: 'info' });
const models = await OnnxModels.create();
await models.serve(gateway, 'tiny', { v1: linearModel([1, 10]), v2: linearModel([2, 20]) });
const variants = ['v1', 'v2'].map((key) => ({ key, weight: 5_000, target: `tiny-${key}` }));
await gateway.register('/experiments', { key: 'e', endpoint: 'tiny', unit: 'user', variants });
await gateway.register('/experiments/e/start', {});
const { secret } = await gateway.tenant('acme');
reportTo(`${gateway.url}#${secret}`);
