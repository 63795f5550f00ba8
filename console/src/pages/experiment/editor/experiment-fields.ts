import type { Draft } from './draft.ts';

/** Every field that a product team writes: what is not among them belongs to the store. */
const FIELDS = {
  key: true,
  name: true,
  hypothesis: true,
  endpoint: true,
  environment: true,
  unit: true,
  audience: true,
  prerequisites: true,
  layer: true,
  salt: true,
  hash: true,
  bucketVersion: true,
  allocation: true,
  variants: true,
  overrides: true,
  parametersSchema: true,
  metrics: true,
  prior: true,
  ramp: true,
  schedule: true,
  bandit: true,
  sticky: true,
} as const satisfies Record<keyof Draft, true>;

export const EXPERIMENT_FIELDS: readonly string[] = Object.keys(FIELDS);
