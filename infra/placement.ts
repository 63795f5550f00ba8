import { z } from 'zod';

/** One bucket, in the words that both clouds share. */
export interface BucketPlan {
  readonly name: string;
  /** Days after which an object is deleted; null keeps it for good. */
  readonly expireAfterDays: number | null;
  /** Days for which a deleted or overwritten object can be brought back. */
  readonly recoverableDays: number;
}

/** What one cloud stores: model artifacts, and the lake of exposures and outcomes. */
export interface BucketsPlan {
  readonly region: string;
  readonly models: BucketPlan;
  readonly lake: BucketPlan;
}

/** What each cloud needs; null where the stack leaves a cloud out. */
export interface Placement {
  /** On every resource: tags in AWS, labels in GCP. */
  readonly tags: Readonly<Record<string, string>>;
  readonly aws: { readonly accountId: string; readonly buckets: BucketsPlan } | null;
  readonly gcp: { readonly project: string; readonly buckets: BucketsPlan } | null;
}

/** Both fit GCS soft delete, which takes 7 to 90 days. https://cloud.google.com/storage/docs/soft-delete */
const MODELS_RECOVERABLE_DAYS = 90;
const LAKE_RECOVERABLE_DAYS = 7;

/** Days for which a bucket keeps the parts of an upload that was never completed. */
export const ABANDONED_UPLOAD_DAYS = 7;

/**
 * Prefixes that S3 reserves and words that GCS refuses in a bucket's name.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 * https://cloud.google.com/storage/docs/buckets#naming
 */
const RESERVED = /^sthree-|^amzn-s3-demo-|^goog|g[o0]{2}gle/;

/** Part of a bucket's name. The lengths given below keep `<name>-<environment>-models` within 63 characters. */
function namePart(maxLength: number) {
  return z
    .string('is missing: the first part of every bucket name, which no other customer of the cloud may have')
    .max(maxLength, `must have at most ${maxLength} characters`)
    .regex(
      /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/,
      'must be lower-case letters, digits and single dashes, and begin with a letter',
    )
    .refine(
      (part) => !RESERVED.test(part),
      'begins with or contains a word that S3 or GCS keep to themselves',
    );
}

const environmentSchema = namePart(20);

const settingsSchema = z
  .strictObject({
    name: namePart(30),
    lakeRetentionDays: z.coerce
      .number('is missing or no number: the days after which exposures and outcomes are deleted')
      .int('must be whole days')
      .min(1, 'must be at least 1 day')
      .max(3_650, 'must be at most 3650 days'),
    aws: jsonOf(
      z.strictObject({
        // `pulumi config set --path` stores digits as a number.
        accountId: z.coerce.string().regex(/^\d{12}$/, 'must be the 12 digits of an AWS account, in quotes'),
        region: z
          .string('is missing')
          .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be an AWS region such as eu-west-1'),
      }),
    ).optional(),
    gcp: jsonOf(
      z.strictObject({
        project: z
          .string('is missing')
          .regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'must be the id (not the name or number) of a project'),
        region: z
          .string('is missing')
          .regex(/^[a-z]+-[a-z]+\d+$/, 'must be a Google Cloud region such as europe-west1'),
      }),
    ).optional(),
  })
  .refine((settings) => settings.aws !== undefined || settings.gcp !== undefined, {
    message: 'names no cloud: set aws, gcp or both',
    // Also beside other issues: all of them are told at once.
    when: () => true,
  });

/**
 * Plans a stack from its name, which is the environment's, and its settings as Pulumi hands them over: text by
 * key, objects as JSON. Pure. Returns every issue at once as `key: what is wrong`, never with the value.
 */
export function planPlacement(
  stackName: string,
  settings: Readonly<Record<string, string>>,
):
  | { readonly ok: true; readonly placement: Placement }
  | { readonly ok: false; readonly issues: readonly string[] } {
  const environment = environmentSchema.safeParse(stackName);
  const parsed = settingsSchema.safeParse(settings);
  if (!environment.success || !parsed.success) {
    return {
      ok: false,
      issues: [...issuesOf(environment, 'stack name'), ...issuesOf(parsed, 'configuration')],
    };
  }
  return { ok: true, placement: place(environment.data, parsed.data) };
}

function issuesOf(parsed: z.ZodSafeParseResult<unknown>, root: string): string[] {
  const issues = parsed.error?.issues ?? [];
  return issues.map(({ path, message }) => `${path.length > 0 ? path.join('.') : root}: ${message}`);
}

function place(environment: string, settings: z.infer<typeof settingsSchema>): Placement {
  const { name, lakeRetentionDays, aws, gcp } = settings;
  const bucketsIn = (region: string): BucketsPlan => ({
    region,
    models: {
      name: `${name}-${environment}-models`,
      expireAfterDays: null,
      recoverableDays: MODELS_RECOVERABLE_DAYS,
    },
    lake: {
      name: `${name}-${environment}-lake`,
      expireAfterDays: lakeRetentionDays,
      recoverableDays: LAKE_RECOVERABLE_DAYS,
    },
  });
  return {
    tags: { product: 'switchyard', name, environment },
    aws: aws ? { accountId: aws.accountId, buckets: bucketsIn(aws.region) } : null,
    gcp: gcp ? { project: gcp.project, buckets: bucketsIn(gcp.region) } : null,
  };
}

/** Objects come as JSON: Pulumi's configuration holds text. */
function jsonOf<Schema extends z.ZodType>(schema: Schema) {
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue('must be an object');
        return z.NEVER;
      }
    })
    .pipe(schema);
}
