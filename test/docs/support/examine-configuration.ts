// `lsnode doctor --static` on configuration that is only in a page: what can be told without its app.
import { examine } from '#lib/doctor/examine.js';
import type { Finding } from '#lib/doctor/finding.js';
import { parseCommandLine } from '#lib/cli/options.js';
import { wrapperText } from '#lib/install/wrapper.js';
import { main } from '../../cli/support/lsnode.js';
import type { FakeServer } from '../../install/support/server.js';

/** What doctor says where the server runs no `lsnode`: such apps are started by hand, or elsewhere. */
const ENVIRONMENT = 'the environment';
/** Codes, without `LSAPI_DOCTOR_`, of what is not there because the page is not the machine. */
const OF_THE_MACHINE = [
  'APP_MISSING',
  'APP_ACCESS',
  'COMMAND_ACCESS',
  'USER',
  'SOCKET_ACCESS',
  'SOCKET_MISSING',
  'LOG',
  'RESTART',
  'CORE',
  'OPEN_FILES',
  'PROCESSES',
];

export async function examineConfiguration(server: FakeServer): Promise<Finding[]> {
  server.write('lsws/fcgi-bin/lsnode', wrapperText(process.execPath, main), 0o755);
  const { findings } = await examine({
    app: undefined,
    bind: undefined,
    serverRoot: server.root,
    needsServer: true,
    isStatic: true,
    environ: {},
    cwd: server.directory,
    proc: '/proc',
    main,
    parseArguments: parseCommandLine,
  });
  return findings.filter(
    ({ code, subject }) =>
      subject !== ENVIRONMENT && !OF_THE_MACHINE.includes(code.replace('LSAPI_DOCTOR_', '')),
  );
}
