import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Examination } from './examination.js';
import { finding, type Finding } from './finding.js';

/** Whether proc(5) is there, and what of it is shown. */
export function checkProc({ proc }: Examination): readonly Finding[] {
  if (!existsSync(join(proc, 'self/maps'))) {
    return [
      finding('LSAPI_DOCTOR_PROC', 'error', proc, {
        what: `proc(5) is not mounted at ${proc}.`,
        why: 'Children cannot be forked without /proc/self/maps; limits, memory and lsnode status need it too.',
        remedy: 'Mount it: mount -t proc proc /proc; in a chroot or container, let that have one.',
      }),
    ];
  }
  const options = mountOptions(proc);
  const hidden = options.find((option) => /^hidepid=(?!0$|off$)/.test(option));
  const subset = options.find((option) => option === 'subset=pid');
  return [
    ...(subset === undefined
      ? []
      : [
          finding('LSAPI_DOCTOR_PROC', 'warning', proc, {
            what: `${proc} is mounted with ${subset}.`,
            why: 'LSAPI_AVOID_FORK cannot see how much memory is available, nor lsnode status which socket is whose.',
            remedy: `Remount it without ${subset}.`,
          }),
        ]),
    ...(hidden === undefined
      ? []
      : [
          finding('LSAPI_DOCTOR_PROC', 'warning', proc, {
            what: `${proc} is mounted with ${hidden}.`,
            why: 'Users see their own processes only: lsnode status of another user finds no group, and where apps run as users of their own nothing shows them all but root.',
            remedy: `Run lsnode status as root, or exempt a group of administrators (gid= beside ${hidden}).`,
          }),
        ]),
  ];
}

/** The options of the last mount at that place (proc_pid_mountinfo(5)). */
function mountOptions(proc: string): string[] {
  let text: string;
  try {
    text = readFileSync(join(proc, 'self/mountinfo'), 'utf8');
  } catch {
    return [];
  }
  const line = text
    .split('\n')
    .map((one) => one.split(' '))
    .filter((fields) => fields[4] === proc)
    .at(-1);
  return line === undefined ? [] : [line[5] ?? '', line.at(-1) ?? ''].join(',').split(',');
}
