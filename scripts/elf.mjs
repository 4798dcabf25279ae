// What readelf (binutils) says of a shared object, of any processor.
import { execFileSync } from 'node:child_process';

function readelf(...args) {
  return execFileSync('readelf', ['--wide', ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: { ...process.env, LC_ALL: 'C' },
  });
}

/**
 * Symbols of the dynamic table: `imports` come from elsewhere, with the version that is asked for (`GLIBC_2.28`) where
 * there is one; `exports` can be seen from elsewhere.
 */
function dynamicSymbols(path) {
  const imports = [];
  const exports = [];
  for (const line of readelf('--dyn-syms', path).split('\n')) {
    const columns = /^\s*\d+: \S+\s+\d+ \w+\s+(GLOBAL|WEAK|UNIQUE)\s+\w+\s+(\S+) (\S+)/.exec(line);
    if (columns === null) continue;
    const [, binding, section, symbol] = columns;
    const [name, version] = symbol.split(/@+/);
    if (section === 'UND') imports.push({ name, version, weak: binding === 'WEAK' });
    else exports.push(name);
  }
  return { imports, exports };
}

/** Reads a shared object. */
export function readElf(path) {
  const header = readelf('--file-header', path);
  const field = (name) => new RegExp(`^\\s*${name}:\\s*(.*)$`, 'm').exec(header)?.[1].trim() ?? '';
  const dynamic = Array.from(readelf('--dynamic', path).matchAll(/^\s*0x[0-9a-f]+ \((\w+)\)\s+(.*)$/gm));
  const values = (tag) => dynamic.filter((entry) => entry[1] === tag).map((entry) => entry[2]);
  return {
    type: field('Type'),
    machine: field('Machine'),
    needed: values('NEEDED').map((text) => /\[(.*)\]/.exec(text)[1]),
    tags: dynamic.map((entry) => entry[1]),
    flags: [...values('FLAGS'), ...values('FLAGS_1')].join(' '),
    sections: Array.from(
      readelf('--section-headers', path).matchAll(/^\s*\[\s*\d+\] (\S+)/gm),
      ([, name]) => name,
    ),
    segments: Array.from(
      readelf('--program-headers', path).matchAll(
        /^\s*([A-Z_]+)\s+0x\S+ 0x\S+ 0x\S+ 0x\S+ 0x\S+ ([RWE ]{3})/gm,
      ),
      ([, name, access]) => ({ name, access }),
    ),
    ...dynamicSymbols(path),
  };
}
