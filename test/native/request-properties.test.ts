import fc from 'fast-check';
import { requestVectors } from '../support/vectors.js';
import { changed, changes, requestPacket } from './support/arbitraries.js';
import { agreedVerdict } from './support/verdicts.js';

describe('Any request in the native parser', () => {
  it('is what the codec sees', () => {
    fc.assert(
      fc.property(requestPacket, (packet) => {
        agreedVerdict(packet);
        agreedVerdict(packet, packet.length);
      }),
      { numRuns: 1000 },
    );
  });

  it('is judged alike when it is cut off, or has bytes behind it', () => {
    fc.assert(
      fc.property(requestPacket, fc.nat(), fc.uint8Array({ maxLength: 300 }), (packet, cut, rest) => {
        agreedVerdict(packet.subarray(0, cut % packet.length));
        if (rest.length > 0) agreedVerdict(Buffer.concat([packet, rest]));
      }),
      { numRuns: 500 },
    );
  });

  it('is judged alike with any bytes changed', () => {
    fc.assert(
      fc.property(requestPacket, changes, (packet, list) => {
        agreedVerdict(changed(packet, list));
      }),
      { numRuns: 5000 },
    );
  });

  it('is judged alike with any bytes of a recorded one changed', () => {
    const packets = requestVectors()
      .flatMap(({ requests }) => requests.map(({ packet }) => packet))
      .filter(({ length }) => length < 4096);
    fc.assert(
      fc.property(fc.constantFrom(...packets), changes, (packet, list) => {
        agreedVerdict(changed(packet, list));
      }),
      { numRuns: 3000 },
    );
  });

  it('is judged alike where it is noise behind a lawful start', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 400 }), fc.nat({ max: 8 }), (noise, lawful) => {
        const packet = Buffer.from(noise);
        const start = Buffer.from([0x4c, 0x53, 1, 0, 0, 0, 0, 0]);
        start.writeInt32LE(packet.length, 4);
        packet.set(start.subarray(0, Math.min(lawful, packet.length)));
        agreedVerdict(packet);
      }),
      { numRuns: 2000 },
    );
  });
});
