import { integer, LARGEST_INT, text } from './value-kinds.js';
import { constant, type VariableTable } from './variable.js';

/** What makes a process of root's a daemon that serves the sites of many users, and what bounds it. */
export const SUEXEC_VARIABLES = {
  secret: {
    name: 'LSAPI_SECRET',
    ...constant(text('none'), undefined),
    mode: 'any',
    brief: 'file with the secret of the suEXEC daemon',
    meaning:
      'File that holds the 16 bytes which server and daemon share; only root may read it. Makes a process that root ' +
      'starts a suEXEC daemon: each connection is served by a child that has become the user of its credentials.',
    source: '§5.13',
  },
  minUid: {
    name: 'LSNODE_MIN_UID',
    ...constant(integer({ min: 1, max: LARGEST_INT, strictness: 'exact' }), 100),
    mode: 'any',
    brief: 'smallest user that the daemon serves',
    meaning: 'A suEXEC daemon refuses requests for users with a smaller number; root in any case.',
    source: 'lsnode; §5.13, improved',
  },
  minGid: {
    name: 'LSNODE_MIN_GID',
    ...constant(integer({ min: 1, max: LARGEST_INT, strictness: 'exact' }), 100),
    mode: 'any',
    brief: 'smallest group that the daemon serves',
    meaning: 'A suEXEC daemon refuses requests for groups with a smaller number; root in any case.',
    source: 'lsnode; §5.13, improved',
  },
  chroot: {
    name: 'LSNODE_CHROOT',
    ...constant(text('none'), undefined),
    mode: 'any',
    brief: "root directory of the daemon's children",
    meaning:
      "Directory that becomes the root of the file system for a suEXEC daemon's child. In it `%u` is the user's name, " +
      '`%U` its number, `%h` its home directory. What the app needs must be inside.',
    source: 'lsnode; §5.13',
  },
  lve: {
    name: 'LSAPI_LVE_ENABLE',
    fallbacks: ['LVE_ENABLE'],
    ...constant(integer({ min: 0, max: 3, words: { 0: 'off' }, strictness: 'library' }), 0),
    mode: 'any',
    brief: "CloudLinux' limits for the daemon's children",
    meaning:
      "1: a suEXEC daemon's child enters the LVE of its user; 2: and its CageFS. 3 is read as 2: without becoming " +
      'the user nothing is served. 0, or without liblve: off.',
    source: '§5.12',
  },
} satisfies Partial<VariableTable>;
