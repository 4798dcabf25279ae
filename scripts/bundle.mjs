// Makes dist/, what is published and what `lsnode` runs, from the compiled modules in dist-dev/lib. The modules of each
// way to start are put together in few files: loading ninety costs a start a third of its processor time. Nothing is
// shortened, so that stacks and profiles name functions as the sources do. Types stay as they are, a file a module.
import { existsSync, copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { buildSync } from 'esbuild';
import { root } from './setup.mjs';

const from = join(root, 'dist-dev/lib');
const to = join(root, 'dist');

const { bin, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const entries = [...Object.values(bin), ...Object.values(exports).map((entry) => entry.default ?? entry)]
  .filter((path) => path.startsWith('./dist/') && path.endsWith('.js'))
  .map((path) => join(from, relative('dist', path)));

/** The declarations of a module, and all that they refer to. */
function copyTypes(path, done) {
  if (done.has(path)) return;
  done.add(path);
  const target = join(to, relative(from, path));
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(path, target);
  for (const [, name] of readFileSync(path, 'utf8').matchAll(
    /(?:from|import|import\()\s*['"](\.[^'"]+)\.js['"]/g,
  )) {
    copyTypes(join(dirname(path), `${name}.d.ts`), done);
  }
}

rmSync(to, { recursive: true, force: true });
const common = {
  outdir: to,
  outbase: from,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  logLevel: 'warning',
};
buildSync({
  ...common,
  entryPoints: entries,
  // What several entries need is there once: an app's copy of a class is that of `lsnode`.
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  format: 'esm',
});
// What a thread is started with. CommonJS, because Node reads an ES module by its thread pool: four threads more.
buildSync({
  ...common,
  entryPoints: [join(from, 'stack-watch/stack-thread.js')],
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
});
const done = new Set();
for (const entry of entries) {
  const types = entry.replace(/\.js$/, '.d.ts');
  if (existsSync(types)) copyTypes(types, done);
}
