import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { readTrustedSigners, type TrustedSigners } from '../artifacts/trusted-signers.ts';
import { type TracingSettings, tracingEnvironment, tracingSettings } from '../tracing/tracing-settings.ts';

const wholeNumber = (fallback: number, { min, max }: { min: number; max: number }) =>
  z
    .string()
    .default(String(fallback))
    .refine((text) => /^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `must be a whole number from ${min} to ${max}`,
    })
    .transform(Number);

/** Paths that probes and load balancers ask without a key. */
export const LIVE_PATH = '/livez';
export const READY_PATH = '/readyz';

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/;

/** Everything the environment says to a runner: name, default, unit and meaning. A test keeps the README to it. */
export const runnerEnvironmentSchema = z
  .object({
    PORT: wholeNumber(8081, { min: 0, max: 65_535 }).describe('port to listen on; 0 picks a free one'),
    HOST: z.string().min(1).default('127.0.0.1').describe('address to listen on'),
    MODEL_REPOSITORY: z
      .string('must name the object store that holds repository.json')
      .regex(
        /^(file:\/\/\/|s3:\/\/[^/]+|gs:\/\/[^/]+)/,
        'must be file:///path, s3://bucket/prefix or gs://bucket/prefix',
      )
      .describe('object store with repository.json and the artifacts it names'),
    CACHE_DIR: z.string().min(1).default('./data/models').describe('directory of verified artifacts'),
    CACHE_MAX_MIB: wholeNumber(10_240, { min: 1, max: 1_000_000_000 }).describe(
      'size of that directory, MiB',
    ),
    RUNNER_API_KEY: z
      .string()
      .min(16, 'must have at least 16 characters')
      .optional()
      .describe('bearer token of callers; required unless HOST is loopback or callers are checked elsewhere'),
    CALLERS_CHECKED_BY: z
      .enum(['key', 'ingress'])
      .default('key')
      .describe(
        '`ingress`: what stands in front lets only authorised callers through, and no key is asked for',
      ),
    ONNX_WORKERS: wholeNumber(Math.max(1, availableParallelism() - 1), { min: 1, max: 256 }).describe(
      'threads that run models; by default one less than there are processors',
    ),
    MODEL_MEMORY_MIB: wholeNumber(4_096, { min: 16, max: 1_000_000_000 }).describe(
      'memory for loaded models, MiB; the longest unused make room',
    ),
    REPOSITORY_POLL_SECONDS: wholeNumber(10, { min: 1, max: 86_400 }).describe(
      'pause between looks at repository.json, s',
    ),
    MAX_BODY_BYTES: wholeNumber(16_777_216, { min: 1_024, max: 1_073_741_824 }).describe(
      'largest request body, bytes',
    ),
    LOG_LEVEL: z
      .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
      .default('info')
      .describe('least severe record to log'),
    DRAIN_MS: wholeNumber(10_000, { min: 0, max: 600_000 }).describe(
      'longest that requests under way are waited for after SIGTERM, ms',
    ),
    ...tracingEnvironment,
  })
  .refine(
    ({ HOST, RUNNER_API_KEY, CALLERS_CHECKED_BY }) =>
      RUNNER_API_KEY !== undefined || CALLERS_CHECKED_BY === 'ingress' || LOOPBACK.test(HOST),
    {
      path: ['RUNNER_API_KEY'],
      error: 'must be set, as HOST is no loopback address and other machines can reach it',
      // Said along with the problems of other variables, not after they are mended.
      when: ({ value }) => typeof (value as { HOST?: unknown }).HOST === 'string',
    },
  )
  .refine(
    ({ RUNNER_API_KEY, CALLERS_CHECKED_BY }) => RUNNER_API_KEY === undefined || CALLERS_CHECKED_BY === 'key',
    {
      path: ['CALLERS_CHECKED_BY'],
      error: 'must not be ingress beside a RUNNER_API_KEY: leave one of them out',
    },
  );

export interface RunnerConfig extends Readonly<z.infer<typeof runnerEnvironmentSchema>> {
  /** Who may vouch for artifacts: the variables `SWITCHYARD_SIGNER_…`. */
  readonly signers: TrustedSigners;
  /** Null: no traces are kept. */
  readonly tracing: TracingSettings | null;
}

/** The frozen configuration, or every problem with it, one a line. */
export function readRunnerConfig(
  environment: Readonly<Record<string, string | undefined>>,
): { readonly config: RunnerConfig } | { readonly problems: readonly string[] } {
  // An empty variable is how shells and manifests say "unset".
  const set = Object.fromEntries(Object.entries(environment).filter(([, text]) => text !== ''));
  const parsed = runnerEnvironmentSchema.safeParse(set);
  const trusted = readTrustedSigners(set);
  if (parsed.success && trusted.problems.length === 0) {
    return {
      config: Object.freeze({
        ...parsed.data,
        signers: trusted.signers,
        tracing: tracingSettings(parsed.data, 'switchyard-runner'),
      }),
    };
  }
  const issues = parsed.error?.issues ?? [];
  const problems = issues.map(({ path, message }) => `${path.join('.')} ${message}`);
  return { problems: [...problems, ...trusted.problems] };
}
