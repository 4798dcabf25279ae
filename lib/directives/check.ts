import { readable } from './apache/file-access.js';
import type { ConfigurationReading } from './apache/read.js';
import { ProblemList, type DirectiveProblem } from './problem.js';
import { MACHINE_PROBE, type FileProbe } from './request/file-probe.js';

/**
 * Everything that is worth a word about a configuration: what was wrong with its text, and script aliases that lead
 * nowhere today. The latter are warnings, as a script may appear later.
 */
export function checkConfiguration(
  { configuration, problems }: ConfigurationReading,
  probe: FileProbe = MACHINE_PROBE,
): readonly DirectiveProblem[] {
  const list = new ProblemList();
  const { server, virtualHosts } = configuration;
  const aliases = new Set([server, ...virtualHosts].flatMap(({ scriptAliases }) => scriptAliases));
  for (const { matches, target, place } of aliases) {
    const name = matches.kind === 'prefix' ? 'WSGIScriptAlias' : 'WSGIScriptAliasMatch';
    const path = readable(target);
    if (!target.startsWith('/')) {
      list.warning(
        place,
        'LSAPI_ERR_DIRECTIVE_FILE',
        `${name}: ${path} is a relative path, which is taken from /`,
        'Write the absolute path.',
      );
    } else if (matches.kind === 'prefix' && probe.probe(target.replace(/(?!^)\/+$/, '')).kind === 'missing') {
      list.warning(
        place,
        'LSAPI_ERR_DIRECTIVE_FILE',
        `${name}: there is no ${path}`,
        'Requests for it are answered with 404 until there is: check the path.',
      );
    }
  }
  return [...problems, ...list.all];
}
