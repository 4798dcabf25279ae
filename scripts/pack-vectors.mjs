// `node scripts/pack-vectors.mjs [CAPTURES DIRECTORY]`
// Packs the recorded traffic into test/vectors/captures.ndjson.gz, which the tests use where the recordings themselves
// are not at hand. One line a file: {"path", "json"} for JSON, {"path", "latin1"} (one code point a byte) for the rest.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = process.argv[2] ?? join(root, '../shared/captures');
const target = join(root, 'test/vectors/captures.ndjson.gz');

const paths = readdirSync(source, { recursive: true })
  .map((path) => path.split(sep).join('/'))
  .filter((path) => path.endsWith('.json') || path.endsWith('.bin'))
  .sort();
const lines = paths.map((path) => {
  const bytes = readFileSync(join(source, path));
  const content = path.endsWith('.json')
    ? { json: JSON.parse(bytes.toString('utf8')) }
    : { latin1: bytes.toString('latin1') };
  return `${JSON.stringify({ path, ...content })}\n`;
});
const packed = gzipSync(lines.join(''), { level: constants.Z_BEST_COMPRESSION });
mkdirSync(join(root, 'test/vectors'), { recursive: true });
writeFileSync(target, packed);
console.log(`${paths.length} files, ${packed.length} bytes`);
