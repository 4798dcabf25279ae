// `node scripts/pack-vectors.mjs [DIRECTORY]`
// Packs recordings for the tests, which use the copies in test/vectors where the recordings themselves are not at hand.
// DIRECTORY (default: ../shared beside the checkout) holds captures/ and modwsgi/.
// - captures.ndjson.gz: recorded traffic, one line a file: {"path", "json"} for JSON, {"path", "latin1"} (one code
//   point a byte) for the rest.
// - modwsgi.json.gz: recorded answers of Apache and mod_wsgi.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = process.argv[2] ?? join(root, '../shared');
mkdirSync(join(root, 'test/vectors'), { recursive: true });
pack('captures.ndjson.gz', captures(join(source, 'captures')));
pack(
  'modwsgi.json.gz',
  JSON.stringify(JSON.parse(readFileSync(join(source, 'modwsgi/vectors.json'), 'utf8'))),
);

function captures(directory) {
  const paths = readdirSync(directory, { recursive: true })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => path.endsWith('.json') || path.endsWith('.bin'))
    .sort();
  const lines = paths.map((path) => {
    const bytes = readFileSync(join(directory, path));
    const content = path.endsWith('.json')
      ? { json: JSON.parse(bytes.toString('utf8')) }
      : { latin1: bytes.toString('latin1') };
    return `${JSON.stringify({ path, ...content })}\n`;
  });
  return lines.join('');
}

function pack(name, text) {
  const packed = gzipSync(text, { level: constants.Z_BEST_COMPRESSION });
  writeFileSync(join(root, 'test/vectors', name), packed);
  console.log(`${name}: ${packed.length} bytes`);
}
