import { LSAPI_VARIABLES } from '../../dist-dev/lib/config/lsapi-variables.js';
import { LSNODE_VARIABLES } from '../../dist-dev/lib/config/lsnode-variables.js';
import { SUEXEC_VARIABLES } from '../../dist-dev/lib/config/suexec-variables.js';
import { FOREIGN_VARIABLES } from '../../dist-dev/lib/config/variable-table.js';

const MODES = {
  any: 'always',
  listening:
    'where the process accepts connections: not in one that the server started for a single connection',
  group: 'process groups',
};

const INTRODUCTION = `# Settings

Everything that environment variables decide. This page is generated from the table that the program reads them by
(\`npm run docs\`). \`env NAME=VALUE\` in an external app of OpenLiteSpeed sets one; it goes for \`lsnode\` and for
\`lsapi/register\`.

\`lsnode --print-config\` prints what is in force and where each value comes from. A value that makes no sense is named in
the log, with what is accepted, and the default is used. A name that is misspelled is named there too.`;

const SECTIONS = [
  ["LiteSpeed's variables", 'As LiteSpeed documents them for the programs that it starts.', LSAPI_VARIABLES],
  ['Variables of lsnode', 'What the former do not cover.', LSNODE_VARIABLES],
  [
    'suEXEC',
    'For a daemon that serves the sites of many users, see [suexec.md](suexec.md).',
    SUEXEC_VARIABLES,
  ],
];

/** docs/settings.md as Markdown: every variable with what it accepts, its default, and what it means. */
export function settingsPage() {
  const sections = SECTIONS.map(([title, about, variables]) =>
    [`## ${title}`, about, overview(variables), ...Object.values(variables).map(entry)].join('\n\n'),
  );
  return [INTRODUCTION, ...sections, foreign()].join('\n\n') + '\n';
}

function overview(variables) {
  const rows = Object.values(variables).map(
    ({ name, brief, default: { text } }) =>
      `| [\`${name}\`](#${anchor(name)}) | ${cell(brief)} | ${cell(text)} |`,
  );
  return ['| variable | what it is | default |', '| --- | --- | --- |', ...rows].join('\n');
}

function entry(variable) {
  const facts = [
    ['values', variable.kind.accepts],
    ['default', variable.default.text],
    ['applies to', MODES[variable.mode]],
  ];
  if (variable.aliases !== undefined) {
    facts.push(['also as', `${names(variable.aliases)}, which takes precedence`]);
  }
  if (variable.fallbacks !== undefined) facts.push(['otherwise', names(variable.fallbacks)]);
  if (variable.notAsRoot) facts.push(['as root', 'not read']);
  return [
    `### ${variable.name}`,
    prose(variable.meaning),
    facts.map(([label, value]) => `- **${label}**: ${value}`).join('\n'),
  ].join('\n\n');
}

function foreign() {
  return [
    '## Without effect',
    'Set by servers or read by other programs that speak LSAPI; no mistake, and nothing happens: ' +
      `${names(FOREIGN_VARIABLES.filter((name) => name !== 'LSAPI_ADDON'))}.`,
  ].join('\n\n');
}

function names(list) {
  return list.map((name) => `\`${name}\``).join(', ');
}

/** Names of variables, as code. */
function prose(text) {
  return text.replace(/(?<!`)\b(?:LSAPI|LSNODE|WSGI|LS|LVE)_[A-Z_]+\b/g, '`$&`');
}

function cell(text) {
  return prose(text).replaceAll('|', '\\|');
}

/** The anchor of a heading that consists of one word. */
function anchor(word) {
  return word.toLowerCase();
}
