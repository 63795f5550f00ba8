import { z } from 'zod';
import { environmentNameSchema } from '../experiments/environment.ts';
import { tracingEnvironment } from '../models/tracing/tracing-settings.ts';
import { ROLES } from './access/principal.ts';
import { parseRoleMappings } from './access/role-mapping.ts';

const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);
const count = (fallback: number, min: number, max: number) =>
  z.coerce.number().int().min(min).max(max).default(fallback);

/** Google's `external_account` configuration, as far as a gateway in AWS needs it. */
const federationSchema = z.object({
  audience: z.string().min(1),
  subject_token_type: z.literal('urn:ietf:params:aws:token-type:aws4_request'),
  token_url: z.url(),
  service_account_impersonation_url: z.url(),
});

const lakeUri = z
  .string()
  .regex(
    /^(file:\/\/\/|s3:\/\/[^/]|gs:\/\/[^/])/,
    'must be file:///path, s3://bucket/prefix or gs://bucket/prefix',
  );
const lakeUris = z
  .string()
  .transform((text) => text.split(',').map((uri) => uri.trim()))
  .pipe(z.array(lakeUri));

/** Every setting of `npm start`: name, default, unit and meaning. A test keeps the README's table to it. */
export const gatewayEnvironmentSchema = z.object({
  PORT: port(8080).describe('Port of the data plane and the admin API; 0 takes a free one'),
  HOST: z.string().min(1).default('127.0.0.1').describe('Address to listen on; `0.0.0.0` in a container'),
  METRICS_PORT: port(9090).describe('Port of `/metrics`; 0 takes a free one'),
  DATA_DIR: z
    .string()
    .min(1)
    .default('./data')
    .describe('Spool, last good configuration, caches, embedded database'),
  MONGODB_URI: z
    .string()
    .regex(/^mongodb(\+srv)?:\/\/./, 'must begin with mongodb:// or mongodb+srv://')
    .optional()
    .describe('Configuration database; unset: the embedded one, in `DATA_DIR`'),
  LAKE_URI: lakeUri.optional().describe('Where exposures and outcomes go as Parquet; unset: `DATA_DIR/lake`'),
  LAKE_ALSO_READ: lakeUris
    .optional()
    .describe(
      'Lakes of other clouds that results are made of too, comma-separated; nothing is written there',
    ),
  EXPOSURES_RETENTION_DAYS: count(400, 31, 36_500).describe('Days that exposures are kept in the lake'),
  OUTCOMES_RETENTION_DAYS: count(400, 31, 36_500).describe(
    'Days that outcomes are kept in the lake; an id counts once for as long',
  ),
  INVOCATIONS_RETENTION_DAYS: count(90, 1, 36_500).describe('Days that invocations are kept in the lake'),
  LAKE_GUARDRAILS_SECONDS: count(300, 1, 86_400).describe(
    'Pause between two looks of the guardrails at the lake, seconds',
  ),
  SPOOL_MAX_BYTES: count(10_737_418_240, 16_777_216, Number.MAX_SAFE_INTEGER).describe(
    'Room for what the lake has not taken yet, bytes',
  ),
  ADMIN_API_KEY: z
    .string()
    .min(16, 'must have at least 16 characters')
    .optional()
    .describe('Key of the admin API; unset: generated on the first start and printed once'),
  AUTH_FAILURES_PER_MINUTE: count(30, 1, 100_000).describe(
    'Wrong keys that one address may send before it is held off',
  ),
  TRUSTED_PROXIES: count(0, 0, 10).describe(
    'Load balancers and proxies in front, whose `x-forwarded-for` tells who the client is',
  ),
  CORS_ORIGINS: z
    .string()
    .transform((text) => text.split(',').map((origin) => origin.trim()))
    .pipe(
      z.array(
        z.url().refine((text) => new URL(text).origin === text, 'must be origins: https://app.example'),
      ),
    )
    .optional()
    .describe('Origins, separated by commas, whose pages may call the gateway; unset: none'),
  WEBHOOKS_ALLOW_PRIVATE: z
    .enum(['true', 'false'])
    .default('false')
    .describe('Whether webhooks may lead to private addresses, and to `http://`: `true` or `false`'),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Where browsers reach the gateway, for signing in: `https://switchyard.example`'),
  OIDC_ISSUER: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Identity provider (OpenID Connect) of people and automation; unset: keys only'),
  OIDC_CLIENT_ID: z.string().min(1).optional().describe('The client that the gateway is at the provider'),
  OIDC_CLIENT_SECRET: z.string().min(1).optional().describe('Its secret; unset: a public client'),
  OIDC_AUDIENCE: z
    .string()
    .min(1)
    .optional()
    .describe('Audience of JSON Web Tokens from automation; unset: `OIDC_CLIENT_ID`'),
  OIDC_SCOPE: z.string().min(1).default('openid profile email').describe('What is asked of the provider'),
  OIDC_GROUPS_CLAIM: z.string().min(1).default('groups').describe("Claim that lists a person's groups"),
  OIDC_ROLES: z
    .string()
    .optional()
    .refine(
      (text) => text === undefined || parseRoleMappings(text) !== null,
      `must be group=role or group=tenant-admin:tenant, separated by commas; roles: ${ROLES.join(', ')}`,
    )
    .describe('Roles of groups: `ml=experimenter,ml-leads=reviewer,acme-ops=tenant-admin:acme`'),
  ENVIRONMENT: environmentNameSchema
    .default('production')
    .describe('Whose experiments this gateway serves: `dev`, `staging` or `production`'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Log level'),
  WORKERS: count(1, 1, 64).describe('Processes that serve requests'),
  ONNX_WORKERS: count(1, 1, 64).describe('Threads per process that run models of targets of kind `onnx`'),
  ONNX_MEMORY_MIB: count(4_096, 16, 1_048_576).describe(
    'Memory per process for models of targets of kind `onnx`, MiB; the longest unused make room',
  ),
  RESPONSE_CACHE_MIB: count(64, 1, 65_536).describe(
    'Memory per process for answers of endpoints that cache, MiB; the longest unused make room',
  ),
  REQUEST_TIMEOUT_MS: count(10_000, 1, 600_000).describe(
    'Deadline of one request where the endpoint sets none, ms',
  ),
  MAX_BODY_BYTES: count(16_777_216, 1_024, 1_073_741_824).describe(
    'Largest body of an inference request, bytes',
  ),
  MAX_IN_FLIGHT: count(1_024, 1, 100_000).describe(
    'Inferences under way at a time in one process; beyond it tenants take turns',
  ),
  AWS_WEB_IDENTITY_AUDIENCE: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Outside AWS: sign as the role `AWS_ROLE_ARN`, proven by a Google identity token for this audience; unset: the default chain',
    ),
  AWS_ROLE_ARN: z
    .string()
    .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/, 'must be the ARN of an IAM role')
    .optional()
    .describe('Role at AWS, where `AWS_WEB_IDENTITY_AUDIENCE` or a web identity file is used'),
  GCP_WORKLOAD_IDENTITY: z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue('must be JSON');
        return z.NEVER;
      }
    })
    .pipe(federationSchema)
    .optional()
    .describe(
      "In AWS: workload identity federation with Google (the `external_account` JSON itself, which holds no secret), used with what AWS's default chain finds; unset: Google's default chain",
    ),
  DRAIN_MS: count(25_000, 0, 600_000).describe(
    'Longest that requests under way are waited for after SIGTERM, ms; shipping what is spooled comes after it',
  ),
  DRAIN_NOTICE_MS: count(2_000, 0, 600_000).describe(
    'Of `DRAIN_MS`: how long the gateway goes on taking requests while it says that it is not ready, ms',
  ),
  ...tracingEnvironment,
});

export type GatewayEnvironment = z.infer<typeof gatewayEnvironmentSchema>;
