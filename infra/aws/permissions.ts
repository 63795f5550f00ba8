import { interpolate, type Output } from '@pulumi/pulumi';
import { type ProcessName, STORE_USE, type StoreMethod } from '../store-use.ts';

/** A statement that allows; there is no other kind here. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: Output<string> | readonly Output<string>[];
}

interface StoreActions {
  /** On `bucket/*`. */
  readonly object: readonly string[];
  readonly bucket: readonly string[];
  /** On the key that the bucket is encrypted with. */
  readonly key: readonly string[];
}

/** What S3 wants of a caller of each method of S3Store. */
export const S3_ACTIONS: Readonly<Record<StoreMethod, StoreActions>> = {
  read: { object: ['s3:GetObject'], bucket: [], key: ['kms:Decrypt'] },
  info: { object: ['s3:GetObject'], bucket: [], key: ['kms:Decrypt'] },
  write: { object: ['s3:PutObject'], bucket: [], key: ['kms:GenerateDataKey'] },
  list: { object: [], bucket: ['s3:ListBucket'], key: [] },
  remove: { object: ['s3:DeleteObject'], bucket: [], key: [] },
};

export interface StoreArns {
  readonly lake: Output<string>;
  readonly models: Output<string>;
  readonly key: Output<string>;
}

/** What a process needs of its cloud's buckets, and nothing more. */
export function storeStatements(process: ProcessName, arns: StoreArns): Statement[] {
  const use = STORE_USE[process];
  const keyActions = [...use.lake, ...use.models].flatMap((method) => S3_ACTIONS[method].key);
  return [
    ...bucketStatements('Lake', use.lake, arns.lake),
    ...bucketStatements('Models', use.models, arns.models),
    { Sid: 'Key', Effect: 'Allow', Action: distinct(keyActions), Resource: arns.key },
  ];
}

function bucketStatements(name: string, methods: readonly StoreMethod[], arn: Output<string>): Statement[] {
  const actionsOn = (part: 'object' | 'bucket') =>
    distinct(methods.flatMap((method) => S3_ACTIONS[method][part]));
  const statements: Statement[] = [
    { Sid: `${name}Objects`, Effect: 'Allow', Action: actionsOn('object'), Resource: interpolate`${arn}/*` },
    { Sid: `${name}Bucket`, Effect: 'Allow', Action: actionsOn('bucket'), Resource: arn },
  ];
  return statements.filter(({ Action }) => Action.length > 0);
}

const distinct = (actions: readonly string[]): string[] => [...new Set(actions)].sort();
