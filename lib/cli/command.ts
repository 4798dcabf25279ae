import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatSettings, readSettings } from '../config/settings.js';
import { packageDirectory } from '../package-directory.js';
import { helpText, parseCommandLine } from './options.js';

/** Does what the arguments of `lsnode` ask for. */
export async function runCommand(argv: readonly string[]): Promise<void> {
  // Looking needs nothing of what serving does.
  switch (argv[0]) {
    case 'status': {
      const { runStatus } = await import('./status-command.js');
      await runStatus(argv.slice(1));
      return;
    }
    case 'top': {
      const { runTop } = await import('./top-command.js');
      await runTop(argv.slice(1));
      return;
    }
    case 'metrics': {
      const { runMetrics } = await import('./metrics-command.js');
      await runMetrics(argv.slice(1));
      return;
    }
  }
  if (argv[0] === 'install') {
    const { runInstall } = await import('./install-command.js');
    runInstall(argv.slice(1));
    return;
  }
  if (argv[0] === 'doctor') {
    const { runDoctor } = await import('./doctor-command.js');
    await runDoctor(argv.slice(1));
    return;
  }
  if (argv[0] === 'tune') {
    const { runTune } = await import('./tune-command.js');
    await runTune(argv.slice(1));
    return;
  }
  const commandLine = parseCommandLine(argv);
  switch (commandLine.action) {
    case 'help':
      process.stdout.write(helpText());
      break;
    case 'version':
      process.stdout.write(`lsnode ${version()}, Node ${process.versions.node}\n`);
      break;
    case 'print-config': {
      const socket = commandLine.bind !== undefined || commandLine.http !== undefined ? 'bound' : 'listening';
      process.stdout.write(
        formatSettings(readSettings(process.env, { socket, root: process.getuid?.() === 0 })),
      );
      break;
    }
    case 'check': {
      const { checkCommand } = await import('./check-command.js');
      const { text, exitStatus } = await checkCommand(
        commandLine,
        process.env.LSNODE_ROOT ?? process.cwd(),
        process.env,
      );
      process.stdout.write(text);
      process.exitCode = exitStatus;
      break;
    }
    case 'run': {
      if (commandLine.backends.length > 0) {
        const { runFront } = await import('./run-front.js');
        await runFront(commandLine);
        break;
      }
      // Only now: the others need no addon, and tell what they can even where it is missing.
      const { runApp } = await import('./run.js');
      await runApp(commandLine);
      break;
    }
  }
}

function version(): string {
  const text = readFileSync(join(packageDirectory, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
