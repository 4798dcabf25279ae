import { appContext, externalApp, type AppInstallation } from './app-blocks.js';
import { wrapperPath } from './wrapper.js';

/** Labels of the forms of WebAdmin (External App › LiteSpeed SAPI App), in their order; those left out keep their default. */
const LABELS: readonly (readonly [keyword: string, label: string])[] = [
  ['address', 'Address'],
  ['maxConns', 'Max Connections'],
  ['env', 'Environment'],
  ['initTimeout', 'Initial Request Timeout (secs)'],
  ['retryTimeout', 'Retry Timeout (secs)'],
  ['persistConn', 'Persistent Connection'],
  ['respBuffer', 'Response Buffering'],
  ['autoStart', 'Start By Server'],
  ['path', 'Command'],
  ['backlog', 'Back Log'],
  ['instances', 'Instances'],
  ['extUser', 'Run As User'],
  ['extGroup', 'Run As Group'],
  ['runOnStartUp', 'Run On Start Up'],
  ['memSoftLimit', 'Memory Soft Limit (bytes)'],
  ['memHardLimit', 'Memory Hard Limit (bytes)'],
  ['procSoftLimit', 'Process Soft Limit'],
  ['procHardLimit', 'Process Hard Limit'],
];

/** What a form has for a number of the file. */
const CHOICES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  persistConn: { 1: 'Yes' },
  respBuffer: { 0: 'No' },
  autoStart: { 1: 'Yes (Through CGI Daemon)' },
  runOnStartUp: { 1: 'Yes', 3: 'Yes (Detached Mode)' },
};

/** What to enter in WebAdmin of OpenLiteSpeed, or of LiteSpeed Web Server Enterprise, whose configuration is XML. */
export function formText(app: AppInstallation, serverRoot: string): string {
  const values = externalApp(app);
  const row = (label: string, value: string): string => `  ${label.padEnd(32)}${value}\n`;
  const rows = LABELS.flatMap(([keyword, label]) =>
    values
      .filter(([key]) => key === keyword)
      .map(([, value], index) =>
        row(
          index === 0 ? label : '',
          CHOICES[keyword]?.[value] ?? value.replace('$SERVER_ROOT/fcgi-bin/lsnode', wrapperPath(serverRoot)),
        ),
      ),
  );
  const context = appContext(app);
  return [
    'External App › Add › LiteSpeed SAPI App\n',
    row('Name', app.name),
    ...rows,
    '\n',
    ...(context === undefined
      ? [
          'Script Handler › Add\n',
          row('Suffixes', app.suffixes.join(',')),
          row('Handler Type', 'LiteSpeed SAPI'),
          row('Handler Name', app.name),
        ]
      : [
          'Virtual Hosts › your host › Context › Add › LiteSpeed SAPI Context\n',
          row('URI', app.uri),
          row('LiteSpeed SAPI App', app.name),
          row('Add Default Charset', 'Off'),
        ]),
  ].join('');
}
