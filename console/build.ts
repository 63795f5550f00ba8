import { createHash } from 'node:crypto';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));
const stamp = join(root, 'dist', '.sources');

/** Digest of everything that the build is made from; the lock file stands for the packages. */
function sourcesDigest(): string {
  const digest = createHash('sha256');
  const files = [...globSync('{src/**/*.*,*.ts,*.html}', { cwd: root }), '../package-lock.json'];
  for (const file of files.sort()) digest.update(file).update(readFileSync(join(root, file)));
  return digest.digest('hex');
}

/** Each file once more in the codings that browsers take, so that no request waits for its compression. */
function compress(): void {
  for (const file of globSync('assets/*.{js,css,svg,tsv}', { cwd: join(root, 'dist') })) {
    const path = join(root, 'dist', file);
    const content = readFileSync(path);
    writeFileSync(`${path}.br`, brotliCompressSync(content));
    writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
  }
}

function builtFrom(): string | null {
  try {
    return readFileSync(stamp, 'utf8');
  } catch {
    // Never built.
    return null;
  }
}

// Runs before `npm start` and `npm run demo`: seconds the first time, nothing after that.
const digest = sourcesDigest();
if (builtFrom() !== digest) {
  process.stdout.write('Building the console …\n');
  await build({ root, configFile: join(root, 'vite.config.ts'), logLevel: 'warn' });
  compress();
  writeFileSync(stamp, digest);
}
