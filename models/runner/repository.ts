import { z } from 'zod';
import { modelSchema, modelVersionSchema, sha256Schema } from '../catalogue/model.ts';

const entrySchema = z.strictObject({
  model: modelSchema.shape.key,
  version: modelVersionSchema.shape.version,
  /** Name of the artifact, relative to the repository. */
  artifact: z.string().min(1).max(1_024),
  sha256: sha256Schema,
  sizeBytes: z.int().positive(),
  ...modelVersionSchema.pick({ signature: true, example: true, attestation: true, serving: true }).shape,
});

/** What `repository.json` holds: the versions to serve, those of one model from oldest to newest. */
const repositorySchema = z
  .strictObject({ models: z.array(entrySchema).max(1_000) })
  .superRefine(({ models }, context) => {
    const seen = new Set<string>();
    for (const [index, { model, version }] of models.entries()) {
      const key = `${model}/${version}`;
      if (seen.has(key))
        context.addIssue({ code: 'custom', path: ['models', index], message: `${key} is listed twice` });
      seen.add(key);
    }
  });

export type RepositoryEntry = Readonly<z.infer<typeof entrySchema>>;

/** The entries of a repository.json. Throws an Error that names everything wrong with it. */
export function parseRepository(text: string): readonly RepositoryEntry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new Error('repository.json is not JSON', { cause });
  }
  const repository = repositorySchema.safeParse(parsed);
  if (repository.success) return repository.data.models;
  const problems = repository.error.issues.map(({ path, message }) => `/${path.join('/')} ${message}`);
  throw new Error(`repository.json is invalid: ${problems.join('; ')}`);
}
