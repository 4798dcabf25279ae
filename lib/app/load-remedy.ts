import { dirname } from 'node:path';

/** What an administrator can do about an error that comes up while an app is loaded; `undefined`: its text must do. */
export function loadRemedy(error: unknown, path: string): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const node = `Node ${process.versions.node} (${process.execPath})`;
  switch (code) {
    case 'MODULE_NOT_FOUND':
    case 'ERR_MODULE_NOT_FOUND':
      return isOwnFile(error.message)
        ? 'Check the name of the file, upper and lower case included, and that it was deployed or built.'
        : `Install the app's packages for the user that runs it: npm ci (or npm install) in the directory with its package.json, at or above ${dirname(path)}.`;
    case 'ERR_PACKAGE_PATH_NOT_EXPORTED':
      return 'The package is there, but not in a version that has this part: compare its version with the lock file, and run npm ci.';
    case 'ERR_DLOPEN_FAILED':
      return `An addon does not fit ${node}: run npm rebuild with that Node, or npm ci again.`;
    case 'ERR_UNKNOWN_FILE_EXTENSION':
      return /\.[cm]?tsx?"/.test(error.message)
        ? `${node} does not load TypeScript: use Node 22.18 or later, name the compiled file, or let a loader do it (NODE_OPTIONS=--import=tsx).`
        : 'Name a start file that Node can load: .js, .mjs, .cjs.';
    case 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX':
      return 'Node removes types only. Compile the app, or start Node with NODE_OPTIONS=--experimental-transform-types.';
    case 'ERR_REQUIRE_ESM':
      return `${node} cannot require() ES modules: use Node 22.12 or later, or import() it.`;
    case 'ERR_REQUIRE_ASYNC_MODULE':
      return 'A module with top-level await cannot be required: use import() for it.';
    case 'EACCES':
    case 'EPERM':
      return 'Check the permissions of that file, and of every directory above it, for the user that runs the app.';
    case 'EADDRINUSE':
      return 'Something listens there already; the port of the app itself does not matter, LiteSpeed passes requests on.';
    case 'ECONNREFUSED':
      return 'The app waits at its top level for a service that is not there: start it, or connect once requests come.';
    default:
      return syntaxRemedy(error);
  }
}

/** Whether a missing module is a file of the app, not a package. */
function isOwnFile(message: string): boolean {
  return /Cannot find module '(?:\.{0,2}\/|file:)/.test(message);
}

function syntaxRemedy(error: Error): string | undefined {
  if (!(error instanceof SyntaxError)) return undefined;
  return /Cannot use import statement outside a module|Unexpected token 'export'/.test(error.message)
    ? 'The file is an ES module: name it .mjs, or put "type": "module" into package.json.'
    : undefined;
}
