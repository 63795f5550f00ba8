import { Service } from '@pulumi/gcp/projects/service.js';
import type { Resource } from '@pulumi/pulumi';
import type { GcpPlan } from '../cloud-plan.ts';

const APIS = [
  'artifactregistry',
  'bigquery',
  'billingbudgets',
  'certificatemanager',
  'cloudresourcemanager',
  'compute',
  'dns',
  'iam',
  'iamcredentials',
  'logging',
  'monitoring',
  'run',
  'secretmanager',
  'storage',
  'sts',
];

/** Turns on what a fresh project has turned off; leaves it on at the end, since others may use it too. */
export function enableServices(plan: GcpPlan, parent: Resource): readonly Resource[] {
  return APIS.map(
    (api) =>
      new Service(
        api,
        { project: plan.project, service: `${api}.googleapis.com`, disableOnDestroy: false },
        { parent },
      ),
  );
}
