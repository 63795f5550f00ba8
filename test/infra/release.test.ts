import { execFile } from 'node:child_process';
import { chmod, copyFile, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { rollBack, rollImage } from '../../infra/release/roll-image.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

const stackFile = () =>
  parseDocument(`config:
  # who decides
  switchyard:gateway: { size: small, image: "${digest('a')}" }
  switchyard:runner:
    image: "${digest('a')}"
    previousImage: "${digest('0')}"
`);

const imagesOf = (document: ReturnType<typeof stackFile>, service: string) => {
  const { image, previousImage } = document.toJS().config[`switchyard:${service}`];
  return [image, previousImage];
};

describe('a release', () => {
  it('rolls one service and keeps the digest that it ran, and every comment', () => {
    const document = stackFile();
    rollImage(document, 'gateway', digest('b'));
    expect(imagesOf(document, 'gateway')).toEqual([digest('b'), digest('a')]);
    expect(imagesOf(document, 'runner')).toEqual([digest('a'), digest('0')]);
    expect(String(document)).toContain('# who decides');
  });

  it('goes back to the image before, and from there forth again', () => {
    const document = stackFile();
    rollImage(document, 'runner', digest('b'));
    rollBack(document, 'runner');
    expect(imagesOf(document, 'runner')).toEqual([digest('a'), digest('b')]);
    rollBack(document, 'runner');
    expect(imagesOf(document, 'runner')).toEqual([digest('b'), digest('a')]);
  });

  it('gives a service its first image', () => {
    const document = parseDocument('config:\n  switchyard:gateway: { size: small }\n');
    rollImage(document, 'gateway', digest('a'));
    expect(imagesOf(document, 'gateway')).toEqual([digest('a'), undefined]);
  });

  it('refuses what is no digest, what runs already, and a way back that there is not', () => {
    expect(() => rollImage(stackFile(), 'gateway', 'latest')).toThrow('latest is no digest');
    expect(() => rollImage(stackFile(), 'gateway', digest('a'))).toThrow('runs sha256');
    expect(() => rollBack(stackFile(), 'gateway')).toThrow('no previousImage');
  });

  it('is one command, which changes two digests in the file and runs pulumi up on the stack', async () => {
    const directory = await temporaryDirectory();
    const file = join(directory, 'Pulumi.both-production.yaml');
    await copyFile('Pulumi.both-production.yaml', file);
    // A double of the CLI: it says what it was called with.
    await writeFile(join(directory, 'pulumi'), '#!/bin/sh\necho "pulumi $*"\n');
    await chmod(join(directory, 'pulumi'), 0o755);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [resolve('infra/release/main.ts'), 'both-production', 'runner', 'back', '--yes'],
      { cwd: directory, env: { PATH: `${directory}${delimiter}${process.env['PATH']}` } },
    );
    expect(stdout).toBe('pulumi up --stack both-production --yes\n');
    const before = (await readFile('Pulumi.both-production.yaml', 'utf8')).split('\n');
    const after = (await readFile(file, 'utf8')).split('\n');
    expect(after).toHaveLength(before.length);
    expect(after.filter((line, index) => line !== before[index])).toHaveLength(2);
  });
});
