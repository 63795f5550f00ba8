import { LifecyclePolicy } from '@pulumi/aws/ecr/lifecyclePolicy.js';
import { Repository } from '@pulumi/aws/ecr/repository.js';
import type { Output, Resource } from '@pulumi/pulumi';
import { type AwsPlan, KEPT_IMAGES } from '../cloud-plan.ts';

/** Where the image is pushed to; services name it by digest, so a tag is only for people and never moves. */
export function makeRegistry({ base }: AwsPlan, keyArn: Output<string>, parent: Resource): Output<string> {
  const repository = new Repository(
    'images',
    {
      name: base,
      imageTagMutability: 'IMMUTABLE',
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfigurations: [{ encryptionType: 'KMS', kmsKey: keyArn }],
      forceDelete: false,
    },
    { parent, protect: true },
  );
  new LifecyclePolicy(
    'images',
    {
      repository: repository.name,
      policy: JSON.stringify({
        rules: [
          {
            rulePriority: 1,
            description: 'Keep enough images for the way back',
            selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: KEPT_IMAGES },
            action: { type: 'expire' },
          },
        ],
      }),
    },
    { parent },
  );
  return repository.repositoryUrl;
}
