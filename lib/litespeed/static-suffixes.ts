import { LsapiError } from '../errors.js';

/**
 * Suffixes that no server is known to run. A list of those that are run would never be complete: which ones that are is
 * a matter of the server's configuration, and an uploaded file must not become a script by being delivered. JavaScript
 * is missing: it is what `lsnode --scripts` is there for.
 */
const STATIC_SUFFIXES = [
  // documents and data
  ...[
    '.txt',
    '.csv',
    '.pdf',
    '.rtf',
    '.epub',
    '.md',
    '.log',
    '.ics',
    '.vcf',
    '.json',
    '.map',
    '.xml',
    '.yaml',
    '.yml',
  ],
  ...['.doc', '.docx', '.xls', '.xlsx', '.ppt', '.pptx', '.odt', '.ods', '.odp'],
  // pages
  ...['.html', '.htm', '.css', '.wasm', '.webmanifest'],
  // images
  ...['.png', '.jpg', '.jpeg', '.gif', '.webp', '.avif', '.svg', '.ico', '.bmp', '.tif', '.tiff', '.heic'],
  // sound and film
  ...['.mp3', '.m4a', '.aac', '.ogg', '.oga', '.opus', '.wav', '.flac'],
  ...['.mp4', '.m4v', '.webm', '.ogv', '.mov', '.avi', '.mkv', '.vtt', '.m3u8', '.mpd'],
  // fonts
  ...['.woff', '.woff2', '.ttf', '.otf', '.eot'],
  // archives and binaries
  ...[
    '.zip',
    '.gz',
    '.tgz',
    '.bz2',
    '.xz',
    '.zst',
    '.7z',
    '.rar',
    '.tar',
    '.iso',
    '.dmg',
    '.deb',
    '.rpm',
    '.apk',
  ],
  ...['.exe', '.msi', '.bin', '.dat'],
];

/**
 * The usual suffixes and further ones, in lower case.
 *
 * @throws LsapiError LSAPI_ERR_OPTION for a suffix without its dot
 */
export function staticSuffixes(further: readonly string[]): ReadonlySet<string> {
  for (const suffix of further) {
    if (typeof suffix === 'string' && /^\.[^./]+$/.test(suffix)) continue;
    throw new LsapiError(
      'LSAPI_ERR_OPTION',
      `The suffix ${JSON.stringify(suffix)} must be the last part of a file's name with its dot, such as ".dwg".`,
    );
  }
  return new Set([...STATIC_SUFFIXES, ...further.map((suffix) => suffix.toLowerCase())]);
}

/** Whether a file's name ends with one of them. */
export function hasStaticSuffix(path: string, suffixes: ReadonlySet<string>): boolean {
  const dot = path.lastIndexOf('.');
  return dot > path.lastIndexOf('/') && suffixes.has(path.slice(dot).toLowerCase());
}
