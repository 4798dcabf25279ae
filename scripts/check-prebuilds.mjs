// `npm run check:prebuilds`: what the binaries of prebuilds/ must be, by readelf: loadable with glibc 2.28, hardened,
// small, and of the sources as they are now. With `--built` the addon that was built here for tests, of which all must hold
// but what is done to a binary before it is shipped.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readElf } from './elf.mjs';
import { PLATFORMS, flawOf, prebuiltFile } from './prebuilds.mjs';
import { root } from './setup.mjs';

const NEWEST_GLIBC = [2, 28];
const LARGEST = 1_000_000;
/** All else is linked statically: the C++ library above all, whose version would be one more demand. */
const LIBRARIES = ['libc.so.6', 'libm.so.6', 'ld-linux-x86-64.so.2', 'ld-linux-aarch64.so.1'];
/** Of Node: Node-API, and libuv's functions, whose binary interface is that of version 1 in every Node. */
const OF_NODE = /^(napi|node_api|uv)_/;
/** Optional hooks of toolchains, which nobody has to define. */
const OPTIONAL = /^(_ITM_|_ZGTt|__gmon_start__$|__cxa_finalize$|__cxa_pure_virtual$)/;
/** native/binding/exports.map. */
const EXPORTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1', 'sigaction'];

function isTooNew(version) {
  const [, major, minor] = /^GLIBC_(\d+)\.(\d+)/.exec(version) ?? [];
  // GLIBCXX_, CXXABI_, GCC_: of libraries that are not to be needed at all.
  if (major === undefined) return true;
  return Number(major) > NEWEST_GLIBC[0] || Number(minor) > NEWEST_GLIBC[1];
}

const names = (symbols) =>
  symbols.map(({ name, version }) => (version === undefined ? name : `${name}@${version}`));

/** What must hold of a binary that is shipped, besides {@link requirements}. */
function* shippingRequirements(platform, path) {
  const { size } = statSync(path);
  yield ['is of the sources as they are', [flawOf(platform)].filter((flaw) => flaw !== undefined)];
  yield [`has less than ${LARGEST.toLocaleString('en')} bytes`, size < LARGEST ? [] : [String(size)]];
  yield [
    'is stripped',
    readElf(path).sections.filter((name) => name === '.symtab' || name.startsWith('.debug')),
  ];
}

/** What must hold: pairs of a sentence and what contradicts it. */
function* requirements(platform, path) {
  const elf = readElf(path);
  const segment = (name) => elf.segments.find((entry) => entry.name === name);
  const absent = (list, ...wanted) => wanted.filter((name) => !list.includes(name));
  yield [
    `is a shared object for ${platform.machine}`,
    elf.type.startsWith('DYN') && elf.machine.includes(platform.machine) ? [] : [elf.type, elf.machine],
  ];
  yield [
    `needs no symbol newer than glibc ${NEWEST_GLIBC.join('.')}`,
    names(elf.imports.filter(({ version }) => version !== undefined && isTooNew(version))),
  ];
  yield ['needs no library but the C library', elf.needed.filter((name) => !LIBRARIES.includes(name))];
  yield [
    'imports Node-API and libuv from Node, nothing else',
    names(
      elf.imports.filter(
        ({ name, version, weak }) =>
          version === undefined && !OF_NODE.test(name) && !(weak && OPTIONAL.test(name)),
      ),
    ),
  ];
  yield [
    'exports its entry points alone',
    [
      ...elf.exports.filter((name) => !EXPORTS.includes(name)),
      ...absent(elf.exports, ...EXPORTS).map((name) => `no ${name}`),
    ],
  ];
  yield ['has read-only relocations (RELRO)', segment('GNU_RELRO') === undefined ? ['no GNU_RELRO'] : []];
  yield [
    'binds everything when it is loaded (BIND_NOW)',
    /\bNOW\b|BIND_NOW/.test(elf.flags) ? [] : [elf.flags],
  ];
  yield [
    'has no executable stack (NX)',
    segment('GNU_STACK')?.access.includes('E') === false ? [] : ['GNU_STACK'],
  ];
  yield [
    'has no segment that is both writable and executable',
    elf.segments.filter(({ access }) => access.includes('W') && access.includes('E')).map(({ name }) => name),
  ];
  yield ['is position-independent', elf.tags.includes('TEXTREL') ? ['TEXTREL'] : []];
  yield [
    'looks for libraries nowhere of its own',
    elf.tags.filter((tag) => ['RPATH', 'RUNPATH'].includes(tag)),
  ];
  yield [
    'checks its stack (stack protector)',
    absent(
      names(elf.imports).map((name) => name.split('@')[0]),
      '__stack_chk_fail',
    ),
  ];
}

const builtHere = process.argv.includes('--built');
const binaries = builtHere
  ? [[PLATFORMS.find(({ name }) => name === `linux-${process.arch}`), join(root, 'build/Release/lsapi.node')]]
  : PLATFORMS.map((platform) => [platform, prebuiltFile(platform)]);
let failed = 0;
for (const [platform, path] of binaries) {
  if (!existsSync(path)) {
    console.log(`${platform.name}: missing (npm run ${builtHere ? 'build' : 'prebuildify'})`);
    ++failed;
    continue;
  }
  console.log(`${platform.name}: ${statSync(path).size.toLocaleString('en')} bytes`);
  const shipping = builtHere ? [] : shippingRequirements(platform, path);
  for (const [sentence, contradictions] of [...shipping, ...requirements(platform, path)]) {
    const holds = contradictions.length === 0;
    if (!holds) ++failed;
    console.log(
      `  ${holds ? 'ok    ' : 'FAILED'} ${sentence}${holds ? '' : `: ${contradictions.join(', ')}`}`,
    );
  }
}
console.log(failed === 0 ? 'prebuilds: all hold' : `prebuilds: ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
