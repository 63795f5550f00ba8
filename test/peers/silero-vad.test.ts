import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tensor } from '../../models/codecs/tensor.ts';
import { type OrtSession, openSession, runSession } from '../../models/onnx/ort-tensor.ts';
import { OnnxModels } from '../support/onnx-endpoint.ts';
import { SILERO_VAD, whyNoSileroVad } from '../support/silero-vad.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const missing = whyNoSileroVad();
type Samples = Float32Array<ArrayBuffer>;
/** What the model hears at once: 32 ms at 16 kHz. */
const FRAME = 512;
const FRAMES = 40;
const STATE = [2, 1, 128];

/** Half a second of silence, then a buzzing tone with a vowel's formants. */
function frames(): Samples[] {
  return Array.from({ length: FRAMES }, (_, frame) =>
    Float32Array.from({ length: FRAME }, (_, sample) => {
      const t = (frame * FRAME + sample) / 16_000;
      if (frame < FRAMES / 2) return 0;
      const pitch = 0.3 * Math.sin(2 * Math.PI * 120 * t) + 0.2 * Math.sin(2 * Math.PI * 240 * t);
      return pitch * (1 + Math.sin(2 * Math.PI * 700 * t) + 0.5 * Math.sin(2 * Math.PI * 1_200 * t));
    }),
  );
}
const inputs = (sound: Samples, state: Samples): Tensor[] => [
  { name: 'input', datatype: 'FP32', shape: [1, FRAME], data: sound },
  { name: 'state', datatype: 'FP32', shape: STATE, data: state },
  { name: 'sr', datatype: 'INT64', shape: [], data: BigInt64Array.of(16_000n) },
];
const json = ({ name, datatype, shape, data }: Tensor) => ({
  name,
  datatype,
  shape,
  data: Array.from(data as ArrayLike<unknown>, Number),
});

describe.skipIf(missing !== null)(
  `Silero VAD, a recurrent model that we did not make${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    let gateway: TestGateway;
    let models: OnnxModels;
    let secret: string;
    let session: OrtSession;
    const silence = new Float32Array(FRAME);
    const start = new Float32Array(256);

    beforeAll(async () => {
      gateway = await startTestGateway();
      models = await OnnxModels.create();
      await gateway.register('/models', { key: 'vad' });
      // Zeros as a sampling rate are none: it is admitted with an example.
      const example = inputs(silence, start).map(json);
      await models.version(gateway, 'vad', { version: 'v5', bytes: await readFile(SILERO_VAD), example });
      await gateway.register('/endpoints', { key: 'vad', defaultTarget: 'vad-v5' });
      ({ secret } = await gateway.tenant('acme'));
      session = await openSession(SILERO_VAD);
    });
    afterAll(async () => {
      await session.release();
      await gateway.stop();
      await models.remove();
    });

    async function ask(given: Tensor[]): Promise<{ probability: number; state: Samples }> {
      const response = await fetch(`${gateway.url}/v2/models/vad/infer`, {
        method: 'POST',
        headers: { 'x-api-key': secret },
        body: JSON.stringify({ inputs: given.map(json) }),
      });
      const body = await response.json();
      if (response.status !== 200) throw new Error(JSON.stringify(body));
      const { outputs } = body as { outputs: { name: string; data: number[] }[] };
      const dataOf = (name: string) => outputs.find((output) => output.name === name)?.data ?? [];
      return { probability: dataOf('output')[0] ?? Number.NaN, state: Float32Array.from(dataOf('stateN')) };
    }

    it('hears what the runtime hears by itself, its state carried from answer to request', async () => {
      let [served, direct] = [start, start];
      const heard: number[] = [];
      for (const frame of frames()) {
        const answer = await ask(inputs(frame, served));
        const [output, state] = await runSession(session, inputs(frame, direct), ['output', 'stateN']);
        expect(answer.probability).toBeCloseTo(Number(output?.data[0]), 5);
        served = answer.state;
        direct = state?.data as Samples;
        heard.push(answer.probability);
      }
      expect(Math.max(...heard.slice(0, FRAMES / 2))).toBeLessThan(0.1);
      expect(Math.max(...heard.slice(FRAMES / 2))).toBeGreaterThan(
        10 * Math.max(...heard.slice(5, FRAMES / 2)),
      );
      const forgetful = await ask(inputs(frames()[FRAMES - 1] ?? silence, start));
      expect(forgetful.probability).not.toBeCloseTo(heard[FRAMES - 1] ?? 0, 5);
    });

    it('is described from its graph, dimensions that requests choose among them', async () => {
      const response = await fetch(`${gateway.url}/v2/models/vad`, { headers: { 'x-api-key': secret } });
      expect(await response.json()).toMatchObject({
        inputs: [
          { name: 'input', datatype: 'FP32', shape: [-1, -1] },
          { name: 'state', datatype: 'FP32', shape: [2, -1, 128] },
          { name: 'sr', datatype: 'INT64', shape: [] },
        ],
      });
    });
  },
);
