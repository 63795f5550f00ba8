import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { type Environment, environmentNameSchema } from '../experiments/environment.ts';
import { readTrustedSigners, type TrustedSigners } from '../models/artifacts/trusted-signers.ts';
import { ROLES } from './access/principal.ts';
import { parseRoleMappings, type RoleMapping } from './access/role-mapping.ts';
import type { RecordKind } from './pipeline/spool-layout.ts';
import type { WebIdentity } from './targets/credentials/aws-credentials.ts';
import type { Federation } from './targets/credentials/google-credentials.ts';

const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);
const count = (fallback: number, min: number, max: number) =>
  z.coerce.number().int().min(min).max(max).default(fallback);

/** Paths that probes, load balancers and collectors ask without a key. */
export const LIVE_PATH = '/livez';
export const READY_PATH = '/readyz';
export const METRICS_PATH = '/metrics';

/** How long an idle connection is kept: longer than a load balancer does (60 s), so that it closes first. */
export const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/** Google's `external_account` configuration, as far as a gateway in AWS needs it. */
const federationSchema = z.object({
  audience: z.string().min(1),
  subject_token_type: z.literal('urn:ietf:params:aws:token-type:aws4_request'),
  token_url: z.url(),
  service_account_impersonation_url: z.url(),
});

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
  LAKE_URI: z
    .string()
    .regex(
      /^(file:\/\/\/|s3:\/\/[^/]|gs:\/\/[^/])/,
      'must be file:///path, s3://bucket/prefix or gs://bucket/prefix',
    )
    .optional()
    .describe('Where exposures and outcomes go as Parquet; unset: `DATA_DIR/lake`'),
  EXPOSURES_RETENTION_DAYS: count(400, 31, 36_500).describe('Days that exposures are kept in the lake'),
  OUTCOMES_RETENTION_DAYS: count(400, 31, 36_500).describe(
    'Days that outcomes are kept in the lake; an id counts once for as long',
  ),
  INVOCATIONS_RETENTION_DAYS: count(90, 1, 36_500).describe('Days that invocations are kept in the lake'),
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
});

/** What it takes to sign in through an identity provider. */
interface OidcConfig {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | null;
  readonly audience: string;
  readonly scope: string;
  readonly groupsClaim: string;
  readonly roleMappings: readonly RoleMapping[];
  readonly publicUrl: string;
}

export interface GatewayConfig {
  readonly port: number;
  readonly host: string;
  readonly metricsPort: number;
  readonly dataDir: string;
  readonly mongodbUri: string | null;
  readonly lakeUri: string;
  /** Whole days after its own that a record of each kind stays in the lake. */
  readonly retentionDays: Readonly<Record<RecordKind, number>>;
  readonly spoolMaxBytes: number;
  readonly adminApiKey: string | null;
  readonly authFailuresPerMinute: number;
  readonly trustedProxies: number;
  readonly corsOrigins: readonly string[];
  readonly webhooksAllowPrivate: boolean;
  /** Null: keys only. */
  readonly oidc: OidcConfig | null;
  readonly environment: Environment;
  readonly logLevel: string;
  readonly workers: number;
  readonly onnxWorkers: number;
  readonly onnxMemoryBytes: number;
  readonly responseCacheBytes: number;
  readonly requestTimeoutMs: number;
  readonly maxBodyBytes: number;
  readonly maxInFlight: number;
  /** Null: AWS's default chain. */
  readonly awsWebIdentity: WebIdentity | null;
  /** Null: Google's default chain. */
  readonly googleFederation: Federation | null;
  readonly drainMs: number;
  readonly drainNoticeMs: number;
  /** Bearer tokens of targets: the variables `SWITCHYARD_TARGET_…` by name. */
  readonly targetSecrets: ReadonlyMap<string, string>;
  /** Who may vouch for artifacts: the variables `SWITCHYARD_SIGNER_…`. */
  readonly signers: TrustedSigners;
}

function webIdentityOf({
  AWS_ROLE_ARN: roleArn,
  AWS_WEB_IDENTITY_AUDIENCE: audience,
}: z.infer<typeof gatewayEnvironmentSchema>): WebIdentity | null {
  return roleArn === undefined || audience === undefined ? null : { roleArn, audience };
}

/**
 * Reads the environment: the only place that does. An empty variable counts as unset.
 * Never prints a value: one of them is a key.
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
):
  | { readonly ok: true; readonly config: GatewayConfig }
  | { readonly ok: false; readonly problems: readonly string[] } {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = gatewayEnvironmentSchema.safeParse(given);
  const trusted = readTrustedSigners(given);
  if (!parsed.success || trusted.problems.length > 0) {
    const issues = parsed.error?.issues ?? [];
    const problems = issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    return { ok: false, problems: [...problems, ...trusted.problems] };
  }
  const env = parsed.data;
  const missing = WITH_OIDC.filter((name) => env.OIDC_ISSUER !== undefined && env[name] === undefined);
  if (missing.length > 0) {
    return { ok: false, problems: missing.map((name) => `${name}: must be set where OIDC_ISSUER is`) };
  }
  if (env.AWS_WEB_IDENTITY_AUDIENCE !== undefined && env.AWS_ROLE_ARN === undefined) {
    return {
      ok: false,
      problems: ['AWS_ROLE_ARN: name the role that AWS_WEB_IDENTITY_AUDIENCE is to take on'],
    };
  }
  const dataDir = resolve(env.DATA_DIR);
  return {
    ok: true,
    config: Object.freeze({
      port: env.PORT,
      host: env.HOST,
      metricsPort: env.METRICS_PORT,
      dataDir,
      mongodbUri: env.MONGODB_URI ?? null,
      lakeUri: env.LAKE_URI ?? pathToFileURL(resolve(dataDir, 'lake')).href,
      retentionDays: Object.freeze({
        exposures: env.EXPOSURES_RETENTION_DAYS,
        outcomes: env.OUTCOMES_RETENTION_DAYS,
        invocations: env.INVOCATIONS_RETENTION_DAYS,
      }),
      spoolMaxBytes: env.SPOOL_MAX_BYTES,
      adminApiKey: env.ADMIN_API_KEY ?? null,
      authFailuresPerMinute: env.AUTH_FAILURES_PER_MINUTE,
      trustedProxies: env.TRUSTED_PROXIES,
      corsOrigins: env.CORS_ORIGINS ?? [],
      webhooksAllowPrivate: env.WEBHOOKS_ALLOW_PRIVATE === 'true',
      oidc: oidcConfig(env),
      environment: env.ENVIRONMENT,
      logLevel: env.LOG_LEVEL,
      workers: env.WORKERS,
      onnxWorkers: env.ONNX_WORKERS,
      onnxMemoryBytes: env.ONNX_MEMORY_MIB * 1_048_576,
      responseCacheBytes: env.RESPONSE_CACHE_MIB * 1_048_576,
      requestTimeoutMs: env.REQUEST_TIMEOUT_MS,
      maxBodyBytes: env.MAX_BODY_BYTES,
      maxInFlight: env.MAX_IN_FLIGHT,
      awsWebIdentity: webIdentityOf(env),
      googleFederation: env.GCP_WORKLOAD_IDENTITY ?? null,
      drainMs: env.DRAIN_MS,
      drainNoticeMs: Math.min(env.DRAIN_NOTICE_MS, env.DRAIN_MS),
      signers: trusted.signers,
      targetSecrets: new Map(
        Object.entries(given).flatMap(([name, value]) =>
          name.startsWith('SWITCHYARD_TARGET_') && value !== undefined ? [[name, value] as const] : [],
        ),
      ),
    }),
  };
}

const WITH_OIDC = ['OIDC_CLIENT_ID', 'OIDC_ROLES', 'PUBLIC_URL'] as const;

function oidcConfig(env: z.infer<typeof gatewayEnvironmentSchema>): OidcConfig | null {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, PUBLIC_URL: publicUrl } = env;
  if (issuer === undefined || clientId === undefined || publicUrl === undefined) return null;
  return {
    issuer,
    clientId,
    clientSecret: env.OIDC_CLIENT_SECRET ?? null,
    audience: env.OIDC_AUDIENCE ?? clientId,
    scope: env.OIDC_SCOPE,
    groupsClaim: env.OIDC_GROUPS_CLAIM,
    roleMappings: parseRoleMappings(env.OIDC_ROLES ?? '') ?? [],
    publicUrl,
  };
}
