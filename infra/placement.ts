import type { z } from 'zod';
import { modelsIn, targetKey } from './catalogue.ts';
import type { BucketsPlan, CloudPlan, Placement, ServicePlan } from './cloud-plan.ts';
import {
  GATEWAY_PROCESS,
  gatewayEnvironment,
  type ProcessContract,
  RUNNER_PROCESS,
  runnerEnvironment,
} from './processes.ts';
import {
  type Cloud,
  SECRET_SETTINGS,
  type Settings,
  SIZES,
  settingsSchema,
  stackNameSchema,
} from './settings.ts';

/** Both fit GCS soft delete, which takes 7 to 90 days. https://cloud.google.com/storage/docs/soft-delete */
const MODELS_RECOVERABLE_DAYS = 90;
const LAKE_RECOVERABLE_DAYS = 7;

/** `<base>-gateway` is a Google service account's id too, which has at most 30 characters. */
const MAX_BASE_LENGTH = 22;

/** A target is named after its model, version, cloud and region, in at most 63 characters. */
const MAX_KEY_LENGTH = 63;
const LONGEST_PLACE = { cloud: 'gcp', region: 'northamerica-northeast1' } as const;

/** Who stands before a gateway and says for whom it asks: an ALB itself; Google's edge and its load balancer. */
const FORWARDING_HOPS = { aws: '1', gcp: '2' } as const;

/** Cloud Run kills ten seconds after SIGTERM; what is spooled has to be shipped in what the drain leaves of them. */
const CLOUD_RUN_DRAIN_MS = 5_000;

/**
 * Plans a stack from its name and its settings as Pulumi hands them over: text by key, objects as JSON.
 * `secrets` names the settings that were set as secrets. Pure. Returns every issue at once as
 * `key: what is wrong`, never with the value; the plan holds no secret.
 */
export function planPlacement(
  stackName: string,
  settings: Readonly<Record<string, string>>,
  secrets: ReadonlySet<string>,
):
  | { readonly ok: true; readonly placement: Placement }
  | { readonly ok: false; readonly issues: readonly string[] } {
  const stack = stackNameSchema.safeParse(stackName);
  const parsed = settingsSchema.safeParse(settings);
  const issues = [
    ...issuesOf(stack, 'stack name'),
    ...issuesOf(parsed, 'configuration'),
    ...SECRET_SETTINGS.filter((key) => key in settings && !secrets.has(key)).map(
      (key) => `${key}: must be encrypted: set it with "pulumi config set --secret ${key}"`,
    ),
    ...(stack.success && parsed.success ? jointIssues(stack.data, parsed.data) : []),
  ];
  if (issues.length > 0 || !stack.success || !parsed.success) return { ok: false, issues };
  return { ok: true, placement: place(stack.data, parsed.data) };
}

function issuesOf(parsed: z.ZodSafeParseResult<unknown>, root: string): string[] {
  const issues = parsed.error?.issues ?? [];
  return issues.map(({ path, message }) => `${path.length > 0 ? path.join('.') : root}: ${message}`);
}

/** What each setting allows by itself and the settings together do not. */
function jointIssues(stack: string, { name, models, aws, gcp }: Settings): string[] {
  const named = { aws, gcp };
  const seen = new Set<string>();
  const modelIssues = models.flatMap(({ model, version, clouds = [] }, index) => {
    const key = `${model}/${version}`;
    const twice = seen.has(key) ? [`models.${index}: is there twice`] : [];
    seen.add(key);
    const absent = clouds.filter((cloud) => named[cloud] === undefined);
    const isLong = targetKey({ model, version }, LONGEST_PLACE).length > MAX_KEY_LENGTH;
    const long = isLong ? [`models.${index}: its names are too long for a target's key`] : [];
    return [
      ...twice,
      ...long,
      ...absent.map((cloud) => `models.${index}.clouds: names ${cloud}, which the stack leaves out`),
    ];
  });
  return [
    ...(`${name}-${stack}`.length > MAX_BASE_LENGTH
      ? [`name: must have, with the stack's name and a dash, at most ${MAX_BASE_LENGTH} characters`]
      : []),
    ...(aws === undefined && gcp !== undefined && gcp.dnsZone === undefined
      ? ['gcp.dnsZone: is missing: without AWS the domain lies in a Cloud DNS zone']
      : []),
    ...(aws !== undefined && gcp?.dnsZone !== undefined
      ? ['gcp.dnsZone: must be left out: beside AWS, Route 53 answers for both clouds']
      : []),
    ...(aws?.weight === 0 && gcp?.weight === 0 ? ['gcp.weight: must be above 0 where aws.weight is 0'] : []),
    ...modelIssues,
  ];
}

function place(stack: string, settings: Settings): Placement {
  const { name, environment, aws, gcp } = settings;
  const hasTwin = aws !== undefined && gcp !== undefined;
  const common = { settings, stack, base: `${name}-${stack}`, hasTwin };
  return {
    tags: { product: 'switchyard', name, stack, environment },
    models: settings.models,
    aws: aws
      ? {
          ...planCloud('aws', aws, common),
          accountId: aws.accountId,
          zones: aws.zones,
          hostedZoneId: aws.hostedZoneId,
        }
      : null,
    gcp: gcp
      ? {
          ...planCloud('gcp', gcp, common),
          project: gcp.project,
          billingAccount: gcp.billingAccount,
          dnsZone: gcp.dnsZone ?? null,
        }
      : null,
  };
}

interface Common {
  readonly settings: Settings;
  readonly stack: string;
  readonly base: string;
  readonly hasTwin: boolean;
}

function planCloud(
  cloud: Cloud,
  { region, weight }: { readonly region: string; readonly weight: number },
  common: Common,
): CloudPlan {
  const { settings, stack, base, hasTwin } = common;
  const isProduction = settings.environment === 'production';
  const drainMs = cloud === 'gcp' ? { DRAIN_MS: String(CLOUD_RUN_DRAIN_MS) } : {};
  const scheme = cloud === 'aws' ? 's3' : 'gs';
  const buckets = planBuckets(cloud, region, common);
  const everywhere = { HOST: '0.0.0.0', LOG_LEVEL: 'info', ...drainMs };
  return {
    cloud,
    stack,
    base,
    region,
    isProduction,
    gatewayHost: settings.domain,
    runnerHost: `runner.${settings.domain}`,
    weight,
    hasTwin,
    buckets,
    gateway: planService(`${base}-gateway`, settings.gateway, {
      process: GATEWAY_PROCESS,
      requestsAtOnce: 200,
      requestsPerMinute: 30_000 * SIZES[settings.gateway.size].vcpus,
      environment: gatewayEnvironment({
        ...everywhere,
        DATA_DIR: GATEWAY_PROCESS.dataDirectory,
        LAKE_URI: `${scheme}://${buckets.lake.name}`,
        WORKERS: String(SIZES[settings.gateway.size].vcpus),
        TRUSTED_PROXIES: FORWARDING_HOPS[cloud],
        // As long as the bucket does: whoever comes first deletes.
        EXPOSURES_RETENTION_DAYS: String(settings.lakeRetentionDays),
        OUTCOMES_RETENTION_DAYS: String(settings.lakeRetentionDays),
      }),
    }),
    runner: planService(`${base}-runner`, settings.runner, {
      process: RUNNER_PROCESS,
      requestsAtOnce: 80,
      requestsPerMinute: 30_000 * SIZES[settings.runner.size].vcpus,
      environment: runnerEnvironment({
        ...everywhere,
        MODEL_REPOSITORY: `${scheme}://${buckets.models.name}`,
        CACHE_DIR: RUNNER_PROCESS.dataDirectory,
        CALLERS_CHECKED_BY: 'ingress',
        ONNX_WORKERS: String(SIZES[settings.runner.size].vcpus),
      }),
    }),
    modules: new Set(settings.modules),
    logRetentionDays: isProduction ? 90 : 7,
    monthlyBudgetUsd: settings.monthlyBudgetUsd,
    alertEmail: settings.alertEmail,
  };
}

function planBuckets(cloud: Cloud, region: string, { settings, base }: Common): BucketsPlan {
  return {
    region,
    models: { name: `${base}-models`, expireAfterDays: null, recoverableDays: MODELS_RECOVERABLE_DAYS },
    lake: {
      name: `${base}-lake`,
      expireAfterDays: settings.lakeRetentionDays,
      recoverableDays: LAKE_RECOVERABLE_DAYS,
    },
    repositoryIndex: JSON.stringify(
      {
        models: modelsIn(cloud, settings.models).map(({ model, version, artifact, sha256, sizeBytes }) => ({
          model,
          version,
          artifact,
          sha256,
          sizeBytes,
        })),
      },
      null,
      2,
    ),
  };
}

function planService(
  name: string,
  { size, image, minInstances, maxInstances }: Settings['gateway'],
  {
    process,
    ...rest
  }: Pick<ServicePlan, 'requestsAtOnce' | 'requestsPerMinute' | 'environment'> & {
    readonly process: ProcessContract;
  },
): ServicePlan {
  const drainMs = Number(rest.environment['DRAIN_MS'] ?? process.drainMs);
  return {
    ...process,
    ...SIZES[size],
    ...rest,
    drainMs,
    name,
    image: image ?? null,
    minInstances,
    maxInstances,
  };
}
