import { emptyBody, emptyHost, serverHost, virtualHost, type BodyDraft, type HostDraft } from '../draft.js';
import { Pattern, PatternError } from '../pcre/pattern.js';
import { pathTest } from '../path-test.js';
import type { ProblemList } from '../problem.js';
import { ExpressionError, parseExpression, type Expression } from '../request/expression.js';
import { patternProblem } from '../script-alias.js';
import type { Body, DirectiveConfiguration, PathTest } from '../settings.js';
import { DIRECTIVE_TABLE, type DirectiveTarget } from './directive-table.js';
import { takeWord, words } from './lexer.js';
import { meantDirective } from './names.js';
import { misplacedSection } from './section-context.js';
import type { Directive, Section } from './tree.js';

/** What a tree is made into a configuration with. */
export interface BuildOptions {
  readonly problems: ProblemList;
  readonly environ: NodeJS.ProcessEnv;
  /** For relative paths; without a slash at the end. */
  readonly serverRoot: string;
  /** Override types that are allowed: the tree is an `.htaccess` file. */
  readonly htaccess?: ReadonlySet<string>;
}

/** Where the directives of a list belong. */
interface Scope {
  readonly host: HostDraft;
  readonly body: BodyDraft;
  /** Whether it is the host's own level, where host directives are allowed. */
  readonly top: boolean;
  /** Inside `<Limit>` or an authorization container: access rules there are not simply rules. */
  readonly limited: boolean;
}

/** Makes a configuration of trees. */
export class ConfigurationBuilder {
  readonly #options: BuildOptions;
  readonly #server = emptyHost();
  readonly #virtualHosts: HostDraft[] = [];
  readonly #processGroups = new Set<string>();

  constructor(options: BuildOptions) {
    this.#options = options;
  }

  /** Takes directives of the server level. */
  add(directives: readonly Directive[]): void {
    this.#addAll(directives, { host: this.#server, body: this.#server.body, top: true, limited: false });
  }

  result(): DirectiveConfiguration {
    return {
      server: serverHost(this.#server),
      virtualHosts: this.#virtualHosts.map((own) => virtualHost(this.#server, own)),
      processGroups: this.#processGroups,
    };
  }

  /** The settings outside of all sections, and the sections: for `.htaccess`. */
  body(): Body {
    return this.#server.body;
  }

  #addAll(directives: readonly Directive[], scope: Scope): void {
    let chain: Expression[] = [];
    for (const directive of directives) {
      if (!isSection(directive)) {
        this.#simple(directive, scope);
        continue;
      }
      if (!/^<else(?:if)?$/i.test(directive.name)) chain = [];
      this.#section(directive, scope, chain);
    }
  }

  #simple({ name, args, place, parent }: Directive, scope: Scope): void {
    const { problems, htaccess } = this.#options;
    const kind = DIRECTIVE_TABLE.get(name.toLowerCase());
    if (kind === undefined) {
      const meant = meantDirective(name);
      if (meant === undefined) return;
      problems.error(
        place,
        'LSAPI_ERR_DIRECTIVE_UNKNOWN',
        `Invalid command '${name}', perhaps misspelled or defined by a module not included in the server configuration`,
        meant === '' ? 'mod_wsgi has no such directive: remove it.' : `Did you mean ${meant}?`,
      );
      return;
    }
    if (htaccess !== undefined && (kind.override === undefined || !htaccess.has(kind.override))) {
      if (!kind.own && kind.override === undefined) return;
      problems.error(
        place,
        'LSAPI_ERR_DIRECTIVE_CONTEXT',
        `${kind.name} not allowed here`,
        'Move it to the configuration of the server, or allow it by AllowOverride.',
      );
      return;
    }
    if (kind.scope === 'host' && !scope.top) {
      if (!kind.own) return;
      problems.error(
        place,
        'LSAPI_ERR_DIRECTIVE_CONTEXT',
        `${kind.name} not allowed in ${parent?.name ?? '<Directory'}> context`,
        `Move it out of the section: to the server level or into a <VirtualHost>.`,
      );
      return;
    }
    if (scope.limited && kind.name === 'Require') return;
    const target: DirectiveTarget = {
      host: scope.host,
      body: scope.body,
      place,
      problems,
      processGroups: this.#processGroups,
      environ: this.#options.environ,
      absolute: (path) => this.#absolute(path),
    };
    const problem = kind.read(args, target);
    if (problem !== undefined) problems.error(place, problem.code, problem.message, problem.remedy);
  }

  #section(section: Section, scope: Scope, chain: Expression[]): void {
    const { problems, htaccess } = this.#options;
    const misplaced = misplacedSection(section, htaccess !== undefined);
    if (misplaced !== undefined) {
      const { message, remedy } = misplaced;
      problems.error(section.place, 'LSAPI_ERR_DIRECTIVE_CONTEXT', message, remedy);
    }
    // Read even where it is misplaced: all errors are reported at once.
    switch (section.name.toLowerCase()) {
      case '<virtualhost':
        this.#virtualHost(section);
        break;
      case '<directory':
      case '<directorymatch':
        this.#pathSection(section, scope, scope.host.directories, (path) => this.#absolute(path));
        break;
      case '<location':
      case '<locationmatch':
        this.#pathSection(section, scope, scope.host.locations, (path) => path);
        break;
      case '<files':
      case '<filesmatch':
        this.#pathSection(section, scope, scope.body.files, (path) => path);
        break;
      case '<if':
      case '<elseif':
      case '<else':
        this.#conditional(section, scope, chain);
        break;
      case '<limit':
      case '<limitexcept':
      case '<requireall':
      case '<requireany':
      case '<requirenone':
        this.#addAll(section.children, { ...scope, top: false, limited: true });
        break;
      default:
        // Proxy, Macro and the like: nothing in them bears on scripts.
        break;
    }
  }

  #virtualHost(section: Section): void {
    const host = emptyHost();
    for (const address of words(section.args)) {
      const [, name = '*', port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+|\*))?$/.exec(address) ?? [];
      const any = name === '*' || name.toLowerCase() === '_default_';
      host.addresses.push({ host: any ? '*' : name.replace(/^\[|\]$/g, ''), port: Number(port) || 0 });
    }
    this.#virtualHosts.push(host);
    this.#addAll(section.children, { host, body: host.body, top: true, limited: false });
  }

  #pathSection(
    section: Section,
    scope: Scope,
    to: { matches: PathTest; body: Body }[],
    absolute: (path: string) => string,
  ): void {
    const body = emptyBody();
    // Read even where the section itself is wrong: all errors are reported at once.
    this.#addAll(section.children, { ...scope, body, top: false });
    const [first = '', ...more] = words(section.args);
    const tilde = first === '~';
    const argument = tilde ? (more.shift() ?? '') : first;
    const isPattern = tilde || section.name.toLowerCase().endsWith('match');
    const { problems } = this.#options;
    if (argument === '' || more.length > 0) {
      problems.error(
        section.place,
        'LSAPI_ERR_DIRECTIVE_SECTION',
        argument === ''
          ? `${section.name}> directive requires additional arguments`
          : `Multiple ${section.name}> arguments not (yet) supported.`,
        `Write ${section.name} "…">; quote an argument with blanks.`,
      );
      return;
    }
    try {
      to.push({ matches: pathTest(isPattern ? argument : absolute(argument), isPattern), body });
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      const { code, message, remedy } = patternProblem('Regex could not be compiled', argument, error);
      problems.error(section.place, code, message, remedy);
    }
  }

  #conditional(section: Section, scope: Scope, chain: Expression[]): void {
    const body = emptyBody();
    this.#addAll(section.children, { ...scope, body, top: false });
    const unless = [...chain];
    let expression: Expression | undefined;
    if (section.name.toLowerCase() !== '<else') {
      const text = takeWord(section.args).word;
      try {
        expression = parseExpression(text, (source, ignoreCase) => new Pattern(source, { ignoreCase }));
      } catch (error) {
        if (!(error instanceof ExpressionError) && !(error instanceof PatternError)) throw error;
        this.#options.problems.error(
          section.place,
          'LSAPI_ERR_DIRECTIVE_SECTION',
          `Cannot parse condition clause: ${error.message}`,
          `Rewrite the condition "${text}"; docs/directives.md lists what is understood.`,
        );
        return;
      }
      chain.push(expression);
    }
    scope.body.conditions.push({ expression, unless, body });
  }

  #absolute(path: string): string {
    return path.startsWith('/') ? path : `${this.#options.serverRoot}/${path}`;
  }
}

function isSection(directive: Directive): directive is Section {
  return directive.children !== undefined;
}
