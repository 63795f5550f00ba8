import { Repository } from '@pulumi/gcp/artifactregistry/repository.js';
import { interpolate, type Output, type Resource } from '@pulumi/pulumi';
import { type GcpPlan, KEPT_IMAGES } from '../cloud-plan.ts';

/** Where the image is pushed to; services name it by digest, so a tag is only for people and never moves. */
export function makeRegistry(
  plan: GcpPlan,
  { parent, after }: { readonly parent: Resource; readonly after: readonly Resource[] },
): Output<string> {
  const repository = new Repository(
    'images',
    {
      repositoryId: plan.base,
      location: plan.region,
      format: 'DOCKER',
      description: `Images of ${plan.base}`,
      dockerConfig: { immutableTags: true },
      cleanupPolicies: [
        { id: 'keep-recent', action: 'KEEP', mostRecentVersions: { keepCount: KEPT_IMAGES } },
        { id: 'delete-old', action: 'DELETE', condition: { tagState: 'ANY', olderThan: '2592000s' } },
      ],
    },
    { parent, protect: true, dependsOn: [...after] },
  );
  return interpolate`${plan.region}-docker.pkg.dev/${plan.project}/${repository.repositoryId}/switchyard`;
}
