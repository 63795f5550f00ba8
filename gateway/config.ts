import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Environment } from '../experiments/environment.ts';
import { readTrustedSigners, type TrustedSigners } from '../models/artifacts/trusted-signers.ts';
import { type TracingSettings, tracingSettings } from '../models/tracing/tracing-settings.ts';
import { parseRoleMappings, type RoleMapping } from './access/role-mapping.ts';
import { type GatewayEnvironment, gatewayEnvironmentSchema } from './environment-schema.ts';
import type { RecordKind } from './pipeline/spool-layout.ts';
import type { WebIdentity } from './targets/credentials/aws-credentials.ts';
import type { Federation } from './targets/credentials/google-credentials.ts';

/** Paths that probes, load balancers and collectors ask without a key. */
export const LIVE_PATH = '/livez';
export const READY_PATH = '/readyz';
export const METRICS_PATH = '/metrics';

/** How long an idle connection is kept: longer than a load balancer does (60 s), so that it closes first. */
export const KEEP_ALIVE_TIMEOUT_MS = 75_000;

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
  /** Of other clouds, to be read only. */
  readonly otherLakeUris: readonly string[];
  /** Whole days after its own that a record of each kind stays in the lake. */
  readonly retentionDays: Readonly<Record<RecordKind, number>>;
  readonly lakeGuardrailsIntervalMs: number;
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
  /** Null: no traces are kept. */
  readonly tracing: TracingSettings | null;
  /** Bearer tokens of targets: the variables `SWITCHYARD_TARGET_…` by name. */
  readonly targetSecrets: ReadonlyMap<string, string>;
  /** Who may vouch for artifacts: the variables `SWITCHYARD_SIGNER_…`. */
  readonly signers: TrustedSigners;
}

function webIdentityOf({
  AWS_ROLE_ARN: roleArn,
  AWS_WEB_IDENTITY_AUDIENCE: audience,
}: GatewayEnvironment): WebIdentity | null {
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
      otherLakeUris: env.LAKE_ALSO_READ ?? [],
      retentionDays: Object.freeze({
        exposures: env.EXPOSURES_RETENTION_DAYS,
        outcomes: env.OUTCOMES_RETENTION_DAYS,
        invocations: env.INVOCATIONS_RETENTION_DAYS,
      }),
      lakeGuardrailsIntervalMs: env.LAKE_GUARDRAILS_SECONDS * 1_000,
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
      tracing: tracingSettings(env, 'switchyard'),
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

function oidcConfig(env: GatewayEnvironment): OidcConfig | null {
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
