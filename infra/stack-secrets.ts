import type { Output } from '@pulumi/pulumi';
import type { SECRET_SETTINGS } from './settings.ts';

/** The stack's secrets, wrapped: Pulumi keeps them encrypted wherever they go. */
export type StackSecrets = Readonly<Record<(typeof SECRET_SETTINGS)[number], Output<string>>>;
