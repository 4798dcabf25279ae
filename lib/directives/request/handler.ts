import type { Settings } from '../settings.js';

const SCRIPT_HANDLERS = new Set(['wsgi-script', 'application/x-httpd-wsgi']);

/**
 * The handler of a file: SetHandler (`none` says nothing), else that of its last extension that has one, else that of
 * a script alias. Extensions stand behind the first dot that is not at the very start.
 */
export function handlerOf(filename: string, settings: Settings, aliased: boolean): string | undefined {
  const { handler, handlers } = settings;
  if (handler !== undefined && handler !== 'none') return handler;
  const name = filename.slice(filename.lastIndexOf('/') + 1).replace(/^\.+/, '');
  const byExtension = name
    .split('.')
    .slice(1)
    .map((extension) => handlers?.get(extension.toLowerCase()))
    .findLast((one) => one !== undefined);
  return byExtension ?? (aliased ? 'wsgi-script' : undefined);
}

/** Whether a handler (in lower case) runs the file as a script. */
export function isScriptHandler(handler: string | undefined): boolean {
  return handler !== undefined && SCRIPT_HANDLERS.has(handler);
}
