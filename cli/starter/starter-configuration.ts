import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const SAMPLES = new URL('../../models/samples/movie-ranker/', import.meta.url);

/** A configuration to begin with, for `switchyard apply`: it serves the two sample models that come with the code. */
export async function starterConfiguration(): Promise<string> {
  return `# What this installation is, for "switchyard apply -f switchyard.yaml". "--dry-run" shows the plan.
# "switchyard export" writes what is registered in the same form. Keys are not part of it.

# Customers whose backends call the gateway. Audiences see their attributes as tenant.<name>.
tenants:
  - key: acme
    name: Acme Films
    attributes: { plan: pro }

# Something that predicts, in any number of versions. A version never changes: its digest is its identity.
models:
  - key: movie-ranker
    description: Ranks films by the rating that their audience will give them
versions:
${await sampleVersion('v1')}
${await sampleVersion('v2')}

# Where one version answers. "onnx": in the gateway itself. "oip" with a url: a runner, Triton or KServe.
targets:
  - { key: ranker-v1, kind: onnx, model: movie-ranker, version: v1, cloud: local, region: here }
  - { key: ranker-v2, kind: onnx, model: movie-ranker, version: v2, cloud: local, region: here }

# What backends call: POST /v2/models/movie-ranking/infer. Whom no experiment takes gets the default target.
endpoints:
  - key: movie-ranking
    defaultTarget: ranker-v1

# What is measured, from outcomes that backends report: POST /v1/outcomes.
metrics:
  - key: top-rating
    event: film-rated
    kind: mean

# The first variant is the control. Weights are basis points: 5000 is half.
# It begins as a draft: "switchyard experiment start ranker-v2".
experiments:
  - key: ranker-v2
    hypothesis: Target encoding ranks films that people rate higher
    endpoint: movie-ranking
    unit: user
    audience: { tenant.plan: { $in: [pro, enterprise] } }
    variants:
      - { key: control, weight: 5000, target: ranker-v1 }
      - { key: treatment, weight: 5000, target: ranker-v2 }
    metrics:
      primary: top-rating
      guardrails: [error-rate, latency]
`;
}

async function sampleVersion(version: string): Promise<string> {
  const file = new URL(`${version}/model.onnx`, SAMPLES);
  const content = await readFile(file);
  return `  - model: movie-ranker
    version: ${version}
    sha256: ${createHash('sha256').update(content).digest('hex')}
    sizeBytes: ${content.length}
    artifacts: [${JSON.stringify(file.href)}]`;
}
