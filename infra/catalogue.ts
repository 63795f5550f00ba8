import type { ModelVersion } from '../models/catalogue/model.ts';
import type { Target } from '../models/catalogue/target.ts';
import type { TargetAuth } from '../models/catalogue/target-credentials.ts';
import type { Cloud, Settings } from './settings.ts';

/** Names the object of the models bucket in which runners read what they serve. */
export const REPOSITORY_INDEX = 'repository.json';

export type CatalogueModel = Settings['models'][number];

/** Where a cloud's runners answer, and where its artifacts lie. */
export interface PlacedCloud {
  readonly cloud: Cloud;
  readonly region: string;
  /** Null while there is no runner: its models are there, and no target. */
  readonly runnerUrl: string | null;
  /** With a slash at its end. */
  readonly modelsUri: string;
}

/** What `npm run targets:sync` registers with the gateway, in the words of its admin API. */
export interface Catalogue {
  readonly models: readonly { readonly key: string }[];
  readonly versions: readonly (ModelVersion & { readonly model: string })[];
  readonly targets: readonly Target[];
}

/** How a gateway of either cloud proves itself to a cloud's runners: with what their ingress asks for. */
const AUTH = {
  aws: { kind: 'aws-signature' },
  gcp: { kind: 'google-id-token' },
} as const satisfies Readonly<Record<Cloud, TargetAuth>>;

/** The models that a cloud's runners serve: those that name the cloud, or none. */
export function modelsIn(cloud: Cloud, models: readonly CatalogueModel[]): readonly CatalogueModel[] {
  return models.filter(({ clouds }) => clouds === undefined || clouds.includes(cloud));
}

/** Models, versions and targets of a stack, from what it placed where. Pure. */
export function catalogueOf(models: readonly CatalogueModel[], placed: readonly PlacedCloud[]): Catalogue {
  return {
    models: [...new Set(models.map(({ model }) => model))].map((key) => ({ key })),
    versions: models.map((entry) => ({
      model: entry.model,
      version: entry.version,
      sha256: entry.sha256,
      sizeBytes: entry.sizeBytes,
      artifacts: placed
        .filter(({ cloud }) => modelsIn(cloud, [entry]).length > 0)
        .map(({ modelsUri }) => modelsUri + entry.artifact),
    })),
    targets: placed.flatMap(({ cloud, region, runnerUrl }) =>
      runnerUrl === null
        ? []
        : modelsIn(cloud, models).map((entry) => targetAt({ cloud, region, url: runnerUrl }, entry)),
    ),
  };
}

/** A target's key: the same for the same model in the same place, whichever stack it came from. */
export function targetKey(
  { model, version }: { readonly model: string; readonly version: string },
  { cloud, region }: { readonly cloud: Cloud; readonly region: string },
): string {
  return `${model}-${version}-${cloud}-${region}`;
}

function targetAt(
  { cloud, region, url }: { readonly cloud: Cloud; readonly region: string; readonly url: string },
  { model, version }: CatalogueModel,
): Target {
  return {
    key: targetKey({ model, version }, { cloud, region }),
    kind: 'oip',
    model,
    version,
    cloud,
    region,
    url,
    auth: AUTH[cloud],
  };
}
