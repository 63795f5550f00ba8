import type { IncomingMessage } from 'node:http';
import type { InferBody } from '../../models/codecs/infer-body.ts';
import type { Signature } from '../../models/codecs/tensor.ts';
import type { Problem } from '../problems.ts';

/** A protocol that tenants call an endpoint by. Inside and towards targets there is one: Open Inference. */
export interface WireProtocol {
  /** Throws a Problem for a body that is none of this protocol. */
  read(request: IncomingMessage, maxBytes: number): Promise<WireRequest>;
}

/** One request of a protocol. */
export interface WireRequest {
  /** Where a unit and its context may travel. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The request as targets take it; whoever needs to know the model's inputs and outputs asks for them. */
  toInfer(signature: () => Promise<Signature>): Promise<InferBody>;
  /** A target's answer as this client wants it. */
  answer(body: InferBody): InferBody | Problem;
}
