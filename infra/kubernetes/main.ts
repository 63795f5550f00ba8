import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { type ClusterSettings, manifests } from './manifests.ts';

const USAGE = `npm run --silent kubernetes -- --image <image@sha256:…> --host <name> --lake <uri> --models <uri> [--namespace <name>]

Prints manifests for gateway and runner: … | kubectl apply -f -
`;

/** The settings that the arguments say; null when one is missing or wrong. */
function settingsOf(args: readonly string[]): ClusterSettings | null {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      image: text,
      host: text,
      lake: text,
      models: text,
      namespace: { ...text, default: 'switchyard' },
    },
  });
  const { image, host, lake, models, namespace } = values;
  if (image === undefined || host === undefined || lake === undefined || models === undefined) return null;
  return { image, host, lakeUri: lake, modelsUri: models, namespace };
}

const settings = settingsOf(process.argv.slice(2));
if (settings === null) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  process.stdout.write(
    manifests(settings)
      .map((manifest) => `---\n${stringify(manifest)}`)
      .join(''),
  );
}
