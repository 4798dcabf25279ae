import { Pattern, PatternError } from '../pcre/pattern.js';
import { Wildcards } from '../wildcards.js';
import { patternProblem } from '../script-alias.js';
import type { ScriptAlias } from '../settings.js';
import type { DirectiveKind, DirectiveTarget } from './directive-table.js';
import { words } from './lexer.js';

const STATUS_NAMES: Readonly<Record<string, number>> = {
  permanent: 301,
  temp: 302,
  seeother: 303,
  gone: 410,
};

/**
 * Directives of other modules that bear on script aliases at the server level and in virtual hosts. What is wrong
 * with them is theirs to say: arguments that make no sense are passed over.
 */
export const HOST_READERS: readonly DirectiveKind[] = [
  host('ServerName', (args, { host: draft }) => {
    const [, scheme, name, port] =
      /^(?:(https?):\/\/)?(\[[^\]]*\]|[^:]*)(?::(\d+))?$/i.exec(args[0] ?? '') ?? [];
    if (name === undefined) return;
    draft.name = name;
    draft.scheme = scheme?.toLowerCase() === 'https' ? 'https' : 'http';
    draft.port = Number(port ?? 0);
  }),
  host('ServerAlias', (args, { host: draft }) => {
    for (const name of args) draft.aliases.push(new Wildcards(name.toLowerCase(), false));
  }),
  host('DocumentRoot', ([path], target) => {
    if (path !== undefined) target.host.documentRoot = target.absolute(path).replace(/(?!^)\/+$/, '');
  }),
  host('MergeSlashes', ([flag], { host: draft }) => {
    draft.mergeSlashes = flag?.toLowerCase() !== 'off';
  }),
  ...['Alias', 'ScriptAlias'].map((name) =>
    host(name, ([prefix, target], to) => {
      if (prefix === undefined || target === undefined) return;
      to.host.plainAliases.push({ matches: { kind: 'prefix', prefix }, target: to.absolute(target) });
    }),
  ),
  ...['AliasMatch', 'ScriptAliasMatch'].map((name) =>
    host(name, ([source = '', target], to) => {
      const matches = pattern(source, to);
      if (matches !== undefined && target !== undefined) to.host.plainAliases.push({ matches, target });
    }),
  ),
  redirect('Redirect', undefined),
  redirect('RedirectMatch', undefined),
  redirect('RedirectPermanent', 301),
  redirect('RedirectTemp', 302),
];

function redirect(name: string, fixed: number | undefined): DirectiveKind {
  return host(name, (args, target) => {
    const rest = [...args];
    const given = fixed ?? STATUS_NAMES[rest[0]?.toLowerCase() ?? ''] ?? /^\d{3}$/.exec(rest[0] ?? '')?.[0];
    if (fixed === undefined && given !== undefined) rest.shift();
    const status = Number(given ?? 302);
    const [from = '', to = ''] = rest;
    if (from === '' || (to === '') !== (status < 300 || status > 399)) return;
    const matches =
      name === 'RedirectMatch' ? pattern(from, target) : ({ kind: 'prefix', prefix: from } as const);
    if (matches !== undefined) target.host.redirects.push({ matches, status, target: to });
  });
}

function pattern(source: string, { problems, place }: DirectiveTarget): ScriptAlias['matches'] | undefined {
  try {
    return { kind: 'pattern', pattern: new Pattern(source) };
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const { code, message, remedy } = patternProblem(
      'Regular expression could not be compiled.',
      source,
      error,
    );
    problems.error(place, code, message, remedy);
    return undefined;
  }
}

function host(name: string, set: (args: string[], target: DirectiveTarget) => void): DirectiveKind {
  return {
    name,
    scope: 'host',
    own: false,
    read(args, target) {
      set(words(args), target);
      return undefined;
    },
  };
}
