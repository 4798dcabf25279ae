// What is fuzzed. A native target NAME is native/fuzz/NAME_fuzz.cc, one in TypeScript is test/fuzz/targets/NAME.ts (with
// dashes for underscores). To add one, write its file and name it here; docs/fuzzing.md says what each of them checks.
import * as seeds from './seeds.mjs';

/**
 * @typedef {object} Target
 * @property {string} name
 * @property {'native' | 'typescript'} language
 * @property {number} [maxLength] native: bytes of an input at most
 * @property {() => Promise<Buffer[]>} [seeds] native: inputs to begin with
 * @property {string[]} [covers] TypeScript: beginnings of the paths in lib/ whose edges count
 */

/** @type {Target[]} In the order in which they run. */
export const TARGETS = [
  native('request_parser', 1 << 18, seeds.recordedRequests),
  native('connection', 1 << 13, seeds.recordedConnections),
  native('response_writer', 1 << 14, seeds.recordedResponseHeaders),
  native('credentials', 1 << 10),
  typescript(
    'apache_configuration',
    ...['apache/', 'pcre/', 'request/', 'draft', 'merge', 'path-test', 'problem', 'script-alias'].map(
      (part) => `directives/${part}`,
    ),
  ),
  typescript('environment', 'config/'),
  typescript('gateway_response', 'codec/response', 'gateway/'),
  typescript('request_decoder', 'codec/request-decoder', 'codec/header-index', 'codec/packet-header'),
  typescript('scoreboard', 'status/format', 'status/group-status', 'status/scoreboard'),
  native('group_state', 1 << 10, seeds.groupStates),
  native('hostile_child', 1 << 12),
];

function native(name, maxLength, inputs = async () => []) {
  return { name, language: 'native', maxLength, seeds: inputs };
}

function typescript(name, ...covers) {
  return { name, language: 'typescript', covers };
}
