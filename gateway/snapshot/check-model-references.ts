import { type Alias, aliasIn } from '../../models/catalogue/alias.ts';
import type { Target } from '../../models/catalogue/target.ts';
import { nestedKey } from '../catalogue/resources.ts';

interface ModelConfiguration {
  readonly models: ReadonlyMap<string, unknown>;
  /** By `model/version` and `model/alias`. */
  readonly versions: ReadonlyMap<string, unknown>;
  readonly aliases: ReadonlyMap<string, Alias>;
  readonly targets: ReadonlyMap<string, Target>;
}

/** Reports what versions, aliases and targets say of models and versions that are not there. */
export function checkModelReferences(
  parsed: ModelConfiguration,
  missing: (resource: string, path: string, kind: string, key: string) => void,
): void {
  for (const key of parsed.versions.keys()) {
    const model = key.slice(0, key.indexOf('/'));
    if (!parsed.models.has(model)) missing(`versions/${key}`, '', 'model', model);
  }
  for (const [key, { versions }] of parsed.aliases) {
    const model = key.slice(0, key.lastIndexOf('/'));
    if (!parsed.models.has(model)) missing(`aliases/${key}`, '', 'model', model);
    for (const [index, { version }] of versions.entries()) {
      const named = nestedKey(model, version);
      if (!parsed.versions.has(named))
        missing(`aliases/${key}`, `/versions/${index}/version`, 'version', named);
    }
  }
  for (const [key, { model, version }] of parsed.targets) {
    if (model === undefined) continue;
    if (!parsed.models.has(model)) missing(`targets/${key}`, '/model', 'model', model);
    else if (version !== undefined) {
      const alias = aliasIn(version);
      const [kind, name] = alias === null ? (['version', version] as const) : (['alias', alias] as const);
      const known = alias === null ? parsed.versions : parsed.aliases;
      if (!known.has(nestedKey(model, name)))
        missing(`targets/${key}`, '/version', kind, nestedKey(model, name));
    }
  }
}
