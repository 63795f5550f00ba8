import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { manifests } from '../../infra/kubernetes/manifests.ts';
import { goProgram, whyNoGo } from '../support/go-tools.ts';
import { runPythonTool, whyNoPythonTools } from '../support/python-tools.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const noPython = whyNoPythonTools();
const noGo = whyNoGo();
const because = (missing: string | null) => (missing === null ? '' : `, skipped: ${missing}`);

const workflows = readdirSync('.github/workflows').map((file) => join('.github/workflows', file));

describe.skipIf(noPython !== null)(`files for others to read${because(noPython)}`, () => {
  it('the Dockerfile passes hadolint without a remark', () => {
    runPythonTool('hadolint', ['--failure-threshold', 'style', 'Dockerfile']);
  });

  it('hadolint finds what is wrong with another one', async () => {
    const file = join(await temporaryDirectory(), 'Dockerfile');
    await writeFile(file, 'FROM node\nRUN cd /tmp && sudo npm install\n');
    expect(() => runPythonTool('hadolint', [file])).toThrow(/DL3004/);
  });

  it("the compose file is one by the specification's own schema", () => {
    runPythonTool('check-jsonschema', ['--builtin-schema', 'vendor.compose-spec', 'compose.yaml']);
  });

  it.each(workflows)("%s is a workflow by GitHub's schema", (file) => {
    runPythonTool('check-jsonschema', ['--builtin-schema', 'vendor.github-workflows', file]);
  });

  it('the Kubernetes manifests are valid, without a field that Kubernetes does not know', async () => {
    const made = manifests({
      namespace: 'switchyard',
      image: `registry.example/switchyard@sha256:${'a'.repeat(64)}`,
      host: 'gateway.acme.example',
      lakeUri: 's3://lake',
      modelsUri: 's3://models',
    });
    const file = join(await temporaryDirectory(), 'manifests.yaml');
    const write = (list: readonly unknown[]) =>
      writeFile(file, list.map((manifest) => `---\n${stringify(manifest)}`).join(''));
    await write(made);
    runPythonTool('kubernetes-validate', ['--strict', file]);
    await write(made.map((manifest) => ({ ...manifest, spek: {} })));
    expect(() => runPythonTool('kubernetes-validate', ['--strict', file])).toThrow(/spek/);
  });
});

describe.skipIf(noGo !== null)(`workflows${because(noGo)}`, () => {
  it('pass actionlint: expressions, contexts and shell in them', async () => {
    const path = 'github.com/rhysd/actionlint/cmd/actionlint';
    const actionlint = await goProgram({ name: 'actionlint', path, version: 'v1.7.12' });
    expect(execFileSync(actionlint, ['-no-color', ...workflows], { encoding: 'utf8' })).toBe('');
  });

  it('take no key that does not expire: roles by OIDC in both clouds', () => {
    const text = workflows.map((file) => readFileSync(file, 'utf8')).join('\n');
    expect(text).toContain('role-to-assume');
    expect(text).toContain('workload_identity_provider');
    expect(text).not.toMatch(/aws-secret-access-key|credentials_json/);
  });
});
