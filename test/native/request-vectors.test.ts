import assert from 'node:assert/strict';
import { requestVectors } from '../support/vectors.js';
import { agreedVerdict } from './support/verdicts.js';

describe('Recorded requests in the native parser', () => {
  for (const { id, meta, requests } of requestVectors()) {
    it(`${id} ${meta.name}`, () => {
      for (const { packet } of requests) {
        const verdict = agreedVerdict(packet, 1024 * 1024);
        assert.ok(typeof verdict !== 'string', `refused: ${verdict as string}`);
      }
    });
  }

  it('are refused alike when they are cut anywhere', () => {
    for (const { requests } of requestVectors().filter((_, at) => at % 10 === 0)) {
      for (const { packet } of requests) {
        for (let size = 0; size < packet.length; size += size < 300 ? 1 : 97) {
          assert.equal(typeof agreedVerdict(packet.subarray(0, size)), 'string');
        }
      }
    }
  });

  it('are read or refused alike with a limit around their length', () => {
    for (const { requests } of requestVectors()) {
      for (const { packet } of requests) {
        for (const limit of [packet.length - 1, packet.length, packet.length + 1, 207, 208]) {
          agreedVerdict(packet, limit);
        }
      }
    }
  });
});
