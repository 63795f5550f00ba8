import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Stack } from './pulumi-engine.ts';

/** What `pulumi config set --secret` would have encrypted; of these texts none may be seen anywhere. */
const STACK_SECRETS = {
  mongodbUri: 'mongodb+srv://switchyard:pa55w0rd-of-the-database@cluster.example/switchyard',
  adminApiKey: 'admin-key-of-the-stack-0123456789',
};

/** The example stack files at the root of the repository, by the stack's name. */
export const STACK_NAMES: readonly string[] = readdirSync('.').flatMap((file) => {
  const [, name] = /^Pulumi\.(.+)\.yaml$/.exec(file) ?? [];
  return name === undefined ? [] : [name];
});

export function stackOf(name: string): Stack {
  const { config } = parse(readFileSync(`Pulumi.${name}.yaml`, 'utf8'));
  const own = Object.entries(config).map(([key, value]) => [key.replace(/^switchyard:/, ''), value]);
  return { name, config: Object.fromEntries(own), secrets: STACK_SECRETS };
}

/** A stack's settings as Pulumi hands them to the program: text by key, objects as JSON. */
export function settingsOf({ config, secrets }: Stack): Record<string, string> {
  return Object.fromEntries(
    Object.entries({ ...config, ...secrets }).map(([key, value]) => [
      key,
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  );
}
