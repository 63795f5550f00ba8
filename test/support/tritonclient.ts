import { pythonEnvironment } from './python-environment.ts';

/** NVIDIA's client of the Open Inference Protocol. */
const { python, missing } = pythonEnvironment('tritonclient-2.73.0', {
  packages: ['tritonclient[http]==2.73.0'],
  imports: 'tritonclient.http',
});

/** The interpreter that has it. */
export const TRITON_PYTHON = python;

/** Null when the client is there or could be installed; else why not. */
export const whyNoTritonClient = (): string | null => missing;
