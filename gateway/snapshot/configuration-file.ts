import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { RawConfiguration } from './configuration.ts';

const fileSchema = z.object({
  format: z.literal(1),
  revision: z.number(),
  documents: z.array(
    z.object({
      kind: z.string(),
      key: z.string(),
      revision: z.number(),
      createdAt: z.string(),
      updatedAt: z.string(),
      value: z.record(z.string(), z.unknown()),
    }),
  ),
  unitKeys: z.record(z.string(), z.string()),
  adminKeyDigest: z.string(),
});

/**
 * Keeps the last good configuration, so that a gateway starts with its database down. The file holds the
 * tenants' pseudonymisation keys: only its owner may read it. Replaced whole or not at all.
 */
export async function saveConfiguration(path: string, configuration: RawConfiguration): Promise<void> {
  const { revision, documents, unitKeys, adminKeyDigest } = configuration;
  const content = {
    format: 1,
    revision,
    documents,
    unitKeys: Object.fromEntries([...unitKeys].map(([tenant, key]) => [tenant, key.toString('hex')])),
    adminKeyDigest,
  };
  // Several processes may save the same revision at once: each writes a file of its own first.
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, JSON.stringify(content), { mode: 0o600, flush: true });
  await rename(temporary, path);
}

/** The configuration that was saved last. Throws when there is none, or when it is not one. */
export async function loadConfiguration(path: string): Promise<RawConfiguration> {
  const { format: _format, unitKeys, ...rest } = fileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  return {
    ...rest,
    unitKeys: new Map(Object.entries(unitKeys).map(([tenant, hex]) => [tenant, Buffer.from(hex, 'hex')])),
  };
}
