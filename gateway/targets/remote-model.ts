import type { Target } from '../../models/catalogue/target.ts';

/** A target that is asked over the network for inferences. */
export type RemoteTarget = Exclude<Target, { readonly kind: 'onnx' | 'http' }>;

/** Where a model version answers, and in which words. */
export interface RemoteModel {
  readonly origin: string;
  /** Of one inference. */
  readonly path: string;
  readonly format: 'oip' | 'instances';
  /** Of the model's metadata; null where the server has none to give. */
  readonly metadataPath: string | null;
}

/** The one place that knows the URL of each kind of target. */
export function remoteModel(target: RemoteTarget): RemoteModel {
  switch (target.kind) {
    case 'oip': {
      const { origin, root } = parts(target.url);
      const model = `${root}/v2/models/${escaped(target.model)}/versions/${escaped(target.version)}`;
      return { origin, path: `${model}/infer`, format: 'oip', metadataPath: model };
    }
    case 'predict': {
      const { origin, root } = parts(target.url);
      const path = `${root}/v1/models/${escaped(target.model)}:predict`;
      return { origin, path, format: 'instances', metadataPath: null };
    }
    case 'sagemaker': {
      const { origin, root } = parts(
        target.url ?? `https://runtime.sagemaker.${target.region}.amazonaws.com`,
      );
      const path = `${root}/endpoints/${escaped(target.endpointName)}/invocations`;
      return { origin, path, format: target.format, metadataPath: null };
    }
    case 'vertex': {
      const { origin, root } = parts(target.url ?? `https://${target.region}-aiplatform.googleapis.com`);
      const place = `projects/${escaped(target.project)}/locations/${escaped(target.region)}`;
      const method = target.format === 'oip' ? 'rawPredict' : 'predict';
      const path = `${root}/v1/${place}/endpoints/${escaped(target.endpointId)}:${method}`;
      return { origin, path, format: target.format, metadataPath: null };
    }
  }
}

/** Where a SageMaker endpoint answers with a stream. */
export function sageMakerStreamUrl(target: RemoteTarget & { readonly kind: 'sagemaker' }): URL {
  const { origin, path } = remoteModel(target);
  return new URL(`${path}-response-stream`, origin);
}

const escaped = encodeURIComponent;

function parts(url: string): { readonly origin: string; readonly root: string } {
  const { origin, pathname } = new URL(url);
  return { origin, root: pathname.replace(/\/$/, '') };
}
