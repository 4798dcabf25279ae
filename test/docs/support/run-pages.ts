// Runs pages: each step of one is a test, and stands for all that come before it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../cli/support/lsnode.js';
import { allPages } from './markdown.js';
import { assertPrints } from './output.js';
import { Session } from './session.js';
import { stepsOf, type Step } from './steps.js';

/** Describes all pages whose names match. */
export function describePages(names: RegExp): void {
  for (const page of allPages().filter(({ name }) => names.test(name))) {
    const steps = stepsOf(page);
    if (steps.length > 0) describe(`The page ${page.name}`, () => describeSteps(steps));
  }
}

function describeSteps(steps: readonly Step[]): void {
  const needsSession = steps.some(({ kind }) => kind !== 'elsewhere' && kind !== 'broken');
  let session: Session | undefined;
  let printed = '';
  let next = 0;

  before(function () {
    if (!needsSession) return;
    if (process.getuid?.() !== 0) {
      process.stderr.write('Pages are run as root, in namespaces of their own: run this test as root.\n');
      this.skip();
    }
    session = new Session();
  });
  after(async () => {
    await session?.close();
  });

  steps.forEach((step, index) => {
    it(`${step.line}: ${step.title}`, async function () {
      this.timeout(0); // The session has limits of its own.
      while (next <= index) {
        const current = steps[next++] as Step;
        printed = (await perform(current, session as Session, printed)) ?? printed;
      }
    });
  });
}

/** Does all steps in a session of their own; resolves to what the last one printed. */
export async function performAll(steps: readonly Step[]): Promise<string> {
  const session = new Session();
  let printed = '';
  try {
    for (const step of steps) printed = (await perform(step, session, printed)) ?? printed;
    return printed;
  } finally {
    await session.close();
  }
}

/** Does one step. Resolves to what it printed, unless it is none that prints. */
async function perform(step: Step, session: Session, printed: string): Promise<string | undefined> {
  switch (step.kind) {
    case 'broken':
      throw new Error(`Line ${step.line}: ${step.problem}`);
    case 'elsewhere':
      assert.ok(
        readFileSync(join(root, step.file), 'utf8').includes(step.text),
        `${step.file} has no "${step.text}"`,
      );
      return undefined;
    case 'file':
      await session.run(
        `mkdir -p -- "$(dirname -- ${quote(step.name)})"\nprintf %s ${quote(step.text)} >${quote(step.name)}\n`,
      );
      return undefined;
    case 'stand-in':
      await session.run(step.commands.map(standIn).join(''));
      return undefined;
    case 'serve':
      for (const command of step.commands) {
        if (/^\s*(cd|export|mkdir) /.test(command)) await session.run(`${command}\n`);
        else await session.serve(command, step.until);
      }
      return undefined;
    case 'usage':
      for (const command of step.commands) await assertUsage(session, command);
      return undefined;
    case 'dialog': {
      let output = '';
      for (const { command, expected } of step.exchanges) {
        output = await session.run(`${command}\n`);
        assertPrints(output, expected);
      }
      return output;
    }
    case 'output':
      assertPrints(printed, step.expected);
      return undefined;
    case 'run':
      if (step.status === 0) return session.run(step.script);
      return session.run(
        `set +e\n${step.script}\nstatus=$?; set -e\nif [[ $status != ${step.status} ]]; then echo "exit status $status"; exit 1; fi\n`,
      );
  }
}

/** With `--help` behind its options a command says what it would take, or refuses what it would not. */
async function assertUsage(session: Session, command: string): Promise<void> {
  const words = command.replace(/\s#.*$/, '').replace('npm run', 'npm run --silent');
  const help = await session.run(`(cd "$REPOSITORY" && ${words} --help)\n`);
  assert.match(help, /^usage:/im, `${command} --help`);
}

/** A command that does nothing but note that it was called, in /tmp/stand-ins.log. */
function standIn(name: string): string {
  const path = name.includes('/') ? name : `/usr/local/stand-ins/${name}`;
  return `mkdir -p "$(dirname ${path})"; printf '#!/bin/sh\\necho "${name} $*" >>/tmp/stand-ins.log\\n' >${path}; chmod +x ${path}; hash -r\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
