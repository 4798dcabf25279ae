import { groupName, readFlag, readScriptAlias, type ScriptAliasDirective } from '../script-alias.js';
import type { ScriptAlias, Settings } from '../settings.js';
import { refusal, type DirectiveRequest, type Refusal } from './types.js';

/** What the environment of a request says by variables that are called like the directives. */
export interface RequestDirectives {
  readonly aliases: readonly ScriptAlias[];
  readonly settings: Settings;
}

const NOTHING: RequestDirectives = { aliases: [], settings: {} };
const PLACE = { file: 'the environment of the request' };

/** Aliases that requests brought along: compiling expressions takes longer than anything else about a request. */
const compiled = new Map<string, ScriptAlias>();
const MOST_COMPILED = 100;

/** Reads the variables `WSGIScriptAlias` … `WSGIScriptReloading`, written as behind the directive's name. */
export function readRequestDirectives(env: DirectiveRequest['env']): RequestDirectives | Refusal {
  if (env === undefined) return NOTHING;
  const aliases: ScriptAlias[] = [];
  for (const name of ['WSGIScriptAlias', 'WSGIScriptAliasMatch'] as const) {
    const text = env[name];
    if (text === undefined) continue;
    const alias = readAlias(name, text);
    if ('status' in alias) return alias;
    aliases.push(alias);
  }
  const settings: { -readonly [K in keyof Settings]: Settings[K] } = {};
  if (env.WSGIApplicationGroup) settings.applicationGroup = groupName(env.WSGIApplicationGroup);
  if (env.WSGICallableObject) settings.callableObject = env.WSGICallableObject;
  if (env.WSGIScriptReloading !== undefined) {
    const flag = readFlag(env.WSGIScriptReloading);
    if (flag === undefined) return invalid('WSGIScriptReloading must be one of: Off | On');
    settings.scriptReloading = flag;
  }
  return { aliases, settings };
}

function readAlias(name: ScriptAliasDirective, text: string): ScriptAlias | Refusal {
  const key = `${name} ${text}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const alias = readScriptAlias(name, text, PLACE, new Set());
  if ('message' in alias) return invalid(alias.message);
  if (compiled.size >= MOST_COMPILED) compiled.clear();
  compiled.set(key, alias);
  return alias;
}

function invalid(message: string): Refusal {
  return refusal(500, `${PLACE.file}: ${message}`);
}
