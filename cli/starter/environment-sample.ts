import { gatewayEnvironmentSchema } from '../../gateway/environment-schema.ts';

/** Every setting of the gateway as a `.env` file that changes none of them: each one commented out. */
export function environmentSample(): string {
  const settings = Object.entries(gatewayEnvironmentSchema.shape).map(([name, schema]) => {
    const fallback: unknown = schema.safeParse(undefined).data;
    return `# ${(schema.description ?? '').replaceAll('`', '')}\n#${name}=${fallback ?? ''}\n`;
  });
  const head = '# Settings of "switchyard start". Copy lines to .env and take the # away.\n';
  return [head, ...settings].join('\n');
}
