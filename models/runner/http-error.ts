import { ModelError, type ModelErrorCode } from '../onnx/model-error.ts';

/** An answer other than success, with the text that the client reads in `{"error": …}`. */
export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HttpError';
    this.status = status;
  }
}

/** 499, as nginx has it, is only ever logged: the client is gone. */
const MODEL_STATUSES: Readonly<Partial<Record<ModelErrorCode, number>>> = {
  'bad-input': 400,
  'unknown-model': 503,
  overloaded: 503,
  'worker-died': 503,
  deadline: 504,
  cancelled: 499,
};

/** Whatever a handler threw, as an answer. Errors of Express and its body parser carry `status` and `expose`. */
export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof ModelError) {
    return new HttpError(MODEL_STATUSES[error.code] ?? 500, error.message, { cause: error });
  }
  const { status, message } = (error ?? {}) as { status?: unknown; message?: unknown };
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new HttpError(status, String(message), { cause: error });
  }
  return new HttpError(500, 'an error of the server; its log says more', { cause: error });
}
