import { z } from 'zod';
import { gatewayEnvironmentSchema } from '../gateway/environment-schema.ts';
import { modelSchema, modelVersionSchema } from '../models/catalogue/model.ts';

/** What can be left out of a stack. */
const MODULES = ['warehouse', 'firewall', 'blue-green'] as const;
export type Module = (typeof MODULES)[number];

/** Set with `pulumi config set --secret`: Pulumi keeps them encrypted, and so do the clouds. */
export const SECRET_SETTINGS = ['mongodbUri', 'adminApiKey'] as const;

/** Processors and memory that both Fargate and Cloud Run offer for one instance. */
export const SIZES = {
  small: { vcpus: 1, memoryMib: 2_048 },
  medium: { vcpus: 2, memoryMib: 4_096 },
  large: { vcpus: 4, memoryMib: 8_192 },
} as const;

/**
 * Prefixes that S3 reserves and words that GCS refuses in a bucket's name.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 * https://cloud.google.com/storage/docs/buckets#naming
 */
const RESERVED = /^sthree-|^amzn-s3-demo-|^goog|g[o0]{2}gle/;

function namePart(missing: string) {
  return z
    .string(missing)
    .regex(
      /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/,
      'must be lower-case letters, digits and single dashes, and begin with a letter',
    )
    .refine(
      (part) => !RESERVED.test(part),
      'begins with or contains a word that S3 or GCS keep to themselves',
    );
}

export const stackNameSchema = namePart('is missing');

const CLOUDS = ['aws', 'gcp'] as const;
export type Cloud = (typeof CLOUDS)[number];

const digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'must be an image digest, sha256: and 64 hex digits');
const weight = z.int().min(0, 'must be at least 0').max(255, 'must be at most 255').default(100);
const instances = z
  .int('must be a whole number')
  .min(1, 'must be at least 1')
  .max(200, 'must be at most 200');

const serviceSchema = z
  .strictObject({
    size: z
      .enum(Object.keys(SIZES) as (keyof typeof SIZES)[], 'must be small, medium or large')
      .default('small'),
    minInstances: instances.default(1),
    maxInstances: instances.default(4),
    /** Digest of the image in the stack's own registries; none yet: the service is not made. */
    image: digest.optional(),
    /** The digest before, for the way back. */
    previousImage: digest.optional(),
  })
  .refine(({ minInstances, maxInstances }) => minInstances <= maxInstances, {
    path: ['maxInstances'],
    message: 'must not be below minInstances',
  });

const placedModelSchema = z.strictObject({
  model: modelSchema.shape.key,
  version: modelVersionSchema.shape.version,
  /** Name of the ONNX file in the models bucket. */
  artifact: z
    .string()
    .regex(/^[\w.-]+(\/[\w.-]+)*$/, 'must be the name of an object, such as ranker/v1/model.onnx'),
  sha256: modelVersionSchema.shape.sha256,
  sizeBytes: modelVersionSchema.shape.sizeBytes,
  clouds: z.array(z.enum(CLOUDS)).min(1, 'must name aws, gcp or both').optional(),
});

const awsSchema = z.strictObject({
  // `pulumi config set --path` stores digits as a number.
  accountId: z.coerce.string().regex(/^\d{12}$/, 'must be the 12 digits of an AWS account, in quotes'),
  region: z.string('is missing').regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be an AWS region such as eu-west-1'),
  zones: z
    .array(z.string().regex(/^[a-z]$/, 'must be the letter of an availability zone'))
    .min(2, 'must be at least two')
    .max(3, 'must be at most three')
    .refine((zones) => new Set(zones).size === zones.length, 'must be different ones')
    .default(['a', 'b']),
  hostedZoneId: z
    .string('is missing: the Route 53 zone that the domain lies in')
    .regex(/^Z[A-Z0-9]{5,31}$/, 'must be the id of a Route 53 zone'),
  weight,
});

const gcpSchema = z.strictObject({
  project: z
    .string('is missing')
    .regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'must be the id (not the name or number) of a project'),
  region: z
    .string('is missing')
    .regex(/^[a-z]+-[a-z]+\d+$/, 'must be a Google Cloud region such as europe-west1'),
  /** Cloud DNS zone of the domain, where Google Cloud stands alone; beside AWS, Route 53 answers for both. */
  dnsZone: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,61}[a-z0-9]$/, 'must be the name of a Cloud DNS zone')
    .optional(),
  billingAccount: z
    .string('is missing: the account that the budget watches')
    .regex(/^[0-9A-F]{6}(-[0-9A-F]{6}){2}$/, 'must be a billing account such as 012345-6789AB-CDEF01'),
  weight,
});

/** A stack's settings as Pulumi hands them over: text by key, objects and lists as JSON. */
export const settingsSchema = z
  .strictObject({
    name: namePart('is missing: the first part of every name, bucket names of the whole world included'),
    environment: z.enum(['dev', 'production'], 'must be dev or production'),
    domain: z
      .string('is missing: the host name at which the gateway answers')
      .max(200, 'must have at most 200 characters')
      .regex(
        /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/,
        'must be a host name such as gateway.acme.com',
      ),
    lakeRetentionDays: z.coerce
      .number('is missing or no number: the days after which exposures and outcomes are deleted')
      .int('must be whole days')
      .min(31, 'must be at least 31 days, the least that a gateway keeps')
      .max(3_650, 'must be at most 3650 days'),
    alertEmail: z.email('must be the e-mail address that alarms and budgets go to'),
    monthlyBudgetUsd: z.coerce
      .number('is missing or no number: US dollars a month, per cloud, that a budget warns at')
      .int('must be whole dollars')
      .min(1, 'must be at least 1'),
    gateway: jsonOf(serviceSchema),
    runner: jsonOf(serviceSchema),
    models: jsonOf(z.array(placedModelSchema).max(1_000, 'must be at most 1000')).default([]),
    modules: jsonOf(z.array(z.enum(MODULES, `must be of ${MODULES.join(', ')}`))).default([]),
    mongodbUri: gatewayEnvironmentSchema.shape.MONGODB_URI.unwrap(),
    adminApiKey: gatewayEnvironmentSchema.shape.ADMIN_API_KEY.unwrap(),
    aws: jsonOf(awsSchema).optional(),
    gcp: jsonOf(gcpSchema).optional(),
  })
  .refine(({ aws, gcp }) => aws !== undefined || gcp !== undefined, {
    message: 'names no cloud: set aws, gcp or both',
    // Also beside other issues: all of them are told at once.
    when: () => true,
  });
export type Settings = z.infer<typeof settingsSchema>;

/** Objects come as JSON: Pulumi's configuration holds text. */
function jsonOf<Schema extends z.ZodType>(schema: Schema) {
  return z
    .string('is missing')
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue('must be an object or a list');
        return z.NEVER;
      }
    })
    .pipe(schema);
}
