import { Pattern, PatternError } from '../pcre/pattern.js';
import { patternProblem, type ArgumentError } from '../script-alias.js';
import type { EnvironmentChange, Settings } from '../settings.js';
import type { DirectiveKind, DirectiveTarget, Override } from './directive-table.js';
import { words } from './lexer.js';

/** The type that makes mod_wsgi handle a file, as if it were the name of its handler. */
const WSGI_TYPE = 'application/x-httpd-wsgi';

/** All options that `Options All` means. */
const ALL_OPTIONS = ['execcgi', 'followsymlinks', 'includes', 'indexes', 'symlinksifownermatch'];

/**
 * Directives of other modules that bear on which script a request gets and on `%{ENV:…}`. What is wrong with them is
 * theirs to say: arguments that make no sense are passed over.
 */
export const BODY_READERS: readonly DirectiveKind[] = [
  body('SetHandler', 'fileinfo', ([handler], settings) => {
    if (handler !== undefined) settings.handler = handler.toLowerCase();
  }),
  body('AddHandler', 'fileinfo', ([handler, ...extensions], settings) => {
    if (handler !== undefined) addHandler(settings, handler.toLowerCase(), extensions);
  }),
  body('RemoveHandler', 'fileinfo', (extensions, settings) => addHandler(settings, undefined, extensions)),
  body('AddType', 'fileinfo', ([type = '', ...extensions], settings) => {
    if (type.toLowerCase() === WSGI_TYPE) addHandler(settings, WSGI_TYPE, extensions);
  }),
  body('ForceType', 'fileinfo', ([type = ''], settings) => {
    if (type.toLowerCase() === WSGI_TYPE) settings.handler ??= WSGI_TYPE;
  }),
  body('Options', 'options', setOptions),
  body('AcceptPathInfo', 'fileinfo', ([flag = ''], settings) => {
    const lower = flag.toLowerCase();
    // The default of a script is to accept it.
    if (['on', 'off', 'default'].includes(lower)) settings.acceptPathInfo = lower !== 'off';
  }),
  body('DirectorySlash', 'indexes', ([flag], settings) => {
    settings.directorySlash = flag?.toLowerCase() !== 'off';
  }),
  body('DirectoryIndex', 'indexes', (names, settings) => {
    const disabled = names.length === 1 && names[0]?.toLowerCase() === 'disabled';
    settings.directoryIndex = disabled ? [] : [...(settings.directoryIndex ?? []), ...names];
  }),
  body('FallbackResource', 'indexes', ([path = ''], settings) => {
    settings.fallbackResource = path.toLowerCase() === 'disabled' ? '' : path;
  }),
  body('Require', 'authconfig', ([first = '', second = ''], settings) => {
    const rule = `${first} ${second}`.toLowerCase();
    // Any one that holds is enough; what else is required is the web server's to check.
    settings.access = rule === 'all denied' && settings.access !== 'granted' ? 'denied' : 'granted';
  }),
  body('AllowOverride', undefined, (types, settings) => {
    const named = types.map((type) => type.toLowerCase().replace(/=.*$/, ''));
    const all = ['authconfig', 'fileinfo', 'indexes', 'limit', 'options'];
    settings.allowOverride = new Set(named.includes('all') ? all : named.filter((type) => type !== 'none'));
  }),
  body('UseCanonicalName', undefined, ([flag], settings) => {
    settings.useCanonicalName = flag?.toLowerCase() === 'on';
  }),
  body('UseCanonicalPhysicalPort', undefined, ([flag], settings) => {
    settings.useCanonicalPhysicalPort = flag?.toLowerCase() === 'on';
  }),
  body('AllowEncodedSlashes', undefined, ([flag = ''], settings) => {
    const lower = flag.toLowerCase();
    settings.encodedSlashes = lower === 'on' ? 'decode' : lower === 'nodecode' ? 'keep' : 'refuse';
  }),
  body('SetEnv', 'fileinfo', ([name, value = ''], settings) => {
    if (name !== undefined) change(settings, [{ name, value }]);
  }),
  body('UnsetEnv', 'fileinfo', (names, settings) =>
    change(
      settings,
      names.map((name) => ({ name, value: undefined })),
    ),
  ),
  body('PassEnv', 'fileinfo', (names, settings, { environ }) =>
    change(
      settings,
      names.flatMap((name) => (environ[name] === undefined ? [] : [{ name, value: environ[name] }])),
    ),
  ),
  condition('SetEnvIf', undefined, false),
  condition('SetEnvIfNoCase', undefined, true),
  condition('BrowserMatch', 'User-Agent', false),
  condition('BrowserMatchNoCase', 'User-Agent', true),
];

type SettingsDraft = { -readonly [K in keyof Settings]: Settings[K] };

function body(
  name: string,
  override: Override | undefined,
  set: (args: string[], settings: SettingsDraft, target: DirectiveTarget) => void,
): DirectiveKind {
  return {
    name,
    scope: 'body',
    ...(override === undefined ? {} : { override }),
    own: false,
    read(args, target) {
      set(words(args), target.body.settings, target);
      return undefined;
    },
  };
}

/** `SetEnvIf ATTRIBUTE EXPRESSION [!]NAME[=VALUE]…`; `attribute`: the name says which. */
function condition(name: string, attribute: string | undefined, ignoreCase: boolean): DirectiveKind {
  return {
    name,
    scope: 'body',
    override: 'fileinfo',
    own: false,
    read(args, { body: { settings } }): ArgumentError | undefined {
      const all = words(args);
      const looksAt = attribute ?? all.shift();
      const [source, ...variables] = all;
      if (looksAt === undefined || source === undefined) return undefined;
      try {
        const pattern = new Pattern(source, { ignoreCase });
        const made = { attribute: looksAt, pattern, changes: variables.map(conditionalChange) };
        settings.conditions = [...(settings.conditions ?? []), made];
        return undefined;
      } catch (error) {
        if (!(error instanceof PatternError)) throw error;
        return patternProblem(`${name} regex could not be compiled.`, source, error);
      }
    },
  };
}

function conditionalChange(text: string): EnvironmentChange {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  // An empty value counts as none.
  const value = equals < 0 ? '' : text.slice(equals + 1);
  return name.startsWith('!') && value === ''
    ? { name: name.slice(1), value: undefined }
    : { name, value: value || '1' };
}

function change(settings: SettingsDraft, changes: EnvironmentChange[]): void {
  settings.environment = [...(settings.environment ?? []), ...changes];
}

function addHandler(settings: SettingsDraft, handler: string | undefined, extensions: string[]): void {
  const handlers = new Map(settings.handlers);
  for (const extension of extensions) handlers.set(extension.replace(/^\./, '').toLowerCase(), handler);
  settings.handlers = handlers;
}

function setOptions(args: string[], settings: SettingsDraft): void {
  const names = args.map((name) => name.toLowerCase());
  if (names.every((name) => /^[+-]/.test(name))) {
    const signed = (sign: string) =>
      new Set(names.filter((name) => name.startsWith(sign)).flatMap((name) => expanded(name.slice(1))));
    settings.options = { kind: 'change', add: signed('+'), remove: signed('-') };
    return;
  }
  const set = new Set<string>();
  for (const name of names) {
    for (const option of expanded(name.replace(/^[+-]/, ''))) {
      if (name.startsWith('-')) set.delete(option);
      else set.add(option);
    }
  }
  settings.options = { kind: 'set', names: set };
}

function expanded(name: string): string[] {
  return name === 'all' ? ALL_OPTIONS : name === 'none' ? [] : [name];
}
