import {
  LIVE_PATH as GATEWAY_LIVE_PATH,
  READY_PATH as GATEWAY_READY_PATH,
  KEEP_ALIVE_TIMEOUT_MS,
} from '../gateway/config.ts';
import { gatewayEnvironmentSchema } from '../gateway/environment-schema.ts';
import {
  LIVE_PATH as RUNNER_LIVE_PATH,
  READY_PATH as RUNNER_READY_PATH,
  runnerEnvironmentSchema,
} from '../models/runner/config.ts';

/** One kind of process of the image, as its platform has to know it. */
export interface ProcessContract {
  readonly command: readonly string[];
  readonly port: number;
  readonly livePath: string;
  readonly readyPath: string;
  /** Where it may write. */
  readonly dataDirectory: string;
  /** Longest that requests under way are waited for after SIGTERM, unless the environment says otherwise. */
  readonly drainMs: number;
}

const gatewayShape = gatewayEnvironmentSchema.shape;
const runnerShape = runnerEnvironmentSchema.shape;

export const GATEWAY_PROCESS: ProcessContract = {
  command: ['node', 'gateway/main.ts'],
  port: gatewayShape.PORT.parse(undefined),
  livePath: GATEWAY_LIVE_PATH,
  readyPath: GATEWAY_READY_PATH,
  dataDirectory: '/data',
  drainMs: gatewayShape.DRAIN_MS.parse(undefined),
};

export const RUNNER_PROCESS: ProcessContract = {
  command: ['node', 'models/runner/main.ts'],
  port: runnerShape.PORT.parse(undefined),
  livePath: RUNNER_LIVE_PATH,
  readyPath: RUNNER_READY_PATH,
  dataDirectory: '/data',
  drainMs: runnerShape.DRAIN_MS.parse(undefined),
};

/** A load balancer must give an idle connection up before the gateway does, or a request meets a closed one. */
export const LOAD_BALANCER_IDLE_SECONDS = Math.floor((KEEP_ALIVE_TIMEOUT_MS * 0.8) / 1_000);

type GatewayVariable = keyof typeof gatewayShape;
type RunnerVariable = keyof typeof runnerShape;

/** The environment of a gateway: a name that its schema does not have is a type error. */
export const gatewayEnvironment = (values: Readonly<Partial<Record<GatewayVariable, string>>>) => values;

/** The environment of a runner, likewise. */
export const runnerEnvironment = (values: Readonly<Partial<Record<RunnerVariable, string>>>) => values;

/** Variables that come from secrets, by the stack's setting. */
export const SECRET_VARIABLES = {
  mongodbUri: 'MONGODB_URI',
  adminApiKey: 'ADMIN_API_KEY',
} as const satisfies Readonly<Record<string, GatewayVariable>>;
