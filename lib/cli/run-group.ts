import type { OpenedApp } from '../app/open.js';
import { formatAddress } from '../config/address.js';
import type { Settings } from '../config/setting-types.js';
import { writeLog } from '../connections/log.js';
import { LsapiError } from '../errors.js';
import { native } from '../native/binding.js';
import type { NativeIdentity } from '../native/group-binding.js';
import { isDaemon } from '../process-group/daemon.js';
import { failureLine, failurePage } from '../process-group/failure-page.js';
import type { GroupContext } from '../process-group/group.js';
import { becomeChild, becomeForkable, startGroup, tryLoading } from '../process-group/group.js';
import { giveMemoryBack } from '../process-group/garbage.js';
import type { Invocation } from '../process-group/image.js';
import { reportLoadFailure } from '../process-group/load-failure.js';
import type { Role } from '../process-group/role.js';
import { showFailure } from './fail-worker.js';
import { Lifecycle } from './lifecycle.js';
import { openSocket } from './open-socket.js';
import type { CommandLine } from './options.js';
import { openLogs } from './output.js';
import { prepareApp } from './prepare-app.js';
import { serveApp } from './serve-app.js';
import { isReloadRequested, onStopSignal } from './stop-signals.js';
import { warmUp } from './warm-up.js';

/** Set by `--http`: the group behind the gateway is one of development, whatever NODE_ENV the app sees. */
export const DEVELOPMENT_VARIABLE = 'LSAPI_GROUP_DEVELOPMENT';

/** The process that started this one, while it was alive: read before the app is loaded, which may take long. */
const server = process.ppid;

/** ProcessGroup mode, in whichever process of the group this one is. Serving goes on after it has returned. */
export async function runGroup(
  commandLine: CommandLine,
  given: Settings,
  role: Role,
  invocation: Invocation,
): Promise<void> {
  // Which scripts will be asked for, and whether they could be forked, nobody knows.
  const settings: Settings = commandLine.scripts ? { ...given, preload: 'off' } : given;
  const isOfRoot = isDaemon(settings, process.geteuid?.() === 0);
  // Nobody is served by this process yet, and an app that is being loaded has no say in it.
  onStopSignal(() => native.exitNow(0));
  const canFork = becomeForkable(settings, role, invocation);
  native.hideDescriptors();
  const { app, name, open } = await prepareApp(commandLine, settings);
  const development =
    process.env.NODE_ENV === 'development' || invocation.environment.includes(`${DEVELOPMENT_VARIABLE}=1`);
  const context: GroupContext = {
    settings,
    role,
    invocation,
    app,
    development,
    server,
    load: open,
    openListener: async () => {
      const { socket, address } = await openSocket(commandLine);
      if (address !== undefined) writeLog(`serving ${name} on ${formatAddress(address)} (LSAPI)`);
      return socket.fd;
    },
    warmUp: () => warmUp(settings),
    reloadRequested: isReloadRequested,
  };
  if (role.kind === 'trial') {
    // Nothing of the tenants' runs as root: that the new configuration can be read is all there is to try.
    if (isOfRoot) native.exitNow(0);
    return tryLoading(context);
  }
  let opened: OpenedApp | undefined;
  if (role.kind === 'child') {
    const { slot, channel, scoreboard, parent } = role;
    if (!native.takeSeat(slot, channel, scoreboard, parent, settings.grace + 5)) {
      throw new LsapiError('LSAPI_ERR_GROUP', 'This process was started as a child of a group that is gone.');
    }
  } else {
    const started = await startGroup(context, canFork);
    opened = started.opened;
    becomeChild(context, started.identity);
    if (started.identity !== undefined) openUserLog(started.identity);
  }
  await serveAsChild(opened, context, canFork);
}

/** A log of the user's own, which the server asks for with the request (protocol §5.13, step 6). */
function openUserLog({ stderrLog }: NativeIdentity): void {
  if (stderrLog !== '') openLogs({ stderrLog, consoleLog: undefined });
}

async function serveAsChild(
  preloaded: OpenedApp | undefined,
  { settings, app, development, load }: GroupContext,
  isForked: boolean,
): Promise<void> {
  const lifecycle = new Lifecycle(settings, writeLog, { isForked });
  const { root } = app;
  const options = { settings, socket: 'group', lifecycle, development, root, idle: giveMemoryBack } as const;
  if (preloaded !== undefined) {
    await serveApp(preloaded, options);
    return;
  }
  let opened: OpenedApp;
  try {
    opened = await load();
  } catch (error) {
    reportLoadFailure(error, app);
    const worker = await serveApp(showFailure(failurePage(error, development)), options);
    process.exitCode = 1;
    worker.fail(failureLine(error));
    return;
  }
  await serveApp(opened, options);
}
