import assert from 'node:assert/strict';
import { decodeRequest, encodeRequest, HOST_BUILD, type NameValue } from '#lib/codec/index.js';

/** Packets whose lists end where lists of the encoder never do. */

const ENV_START = 48;

describe('decodeRequest: ends of lists and blocks', () => {
  it('accepts an empty header block', () => {
    const header = { bytes: Buffer.alloc(0), known: [], unknown: [] };
    const packet = encodeRequest({ flag: 0, byteOrder: 'little', env: [], header });
    assert.equal(packet.length, 208);
    assert.equal(decodeRequest(packet).httpHeaderLen, 0);
  });

  it('reads hand-made lists', () => {
    assert.deepEqual(decodeRequest(packetWith(entry('AB\0', 'x\0'), 1)).env, [['AB', 'x']]);
  });

  it('refuses a name of length 0 even where a zero byte lies before it', () => {
    // A value length of 256 puts a zero right before the name, where its NUL would be.
    const list = entry('', `${'v'.repeat(255)}\0`);
    assert.throws(() => decodeRequest(packetWith(list, 1)), {
      code: 'LSAPI_ERR_PACKET_ENV',
      message: /length of zero/,
    });
  });

  it('refuses a value of length 0 even where the list goes on lawfully', () => {
    const list = Buffer.concat([entry('A\0', ''), entry('B\0', 'x\0')]);
    assert.throws(() => decodeRequest(packetWith(list, 2)), {
      code: 'LSAPI_ERR_PACKET_ENV',
      message: /length of zero/,
    });
  });

  for (const left of [0, 1, 2, 3, 4]) {
    it(`refuses an entry that starts ${left} bytes before the end of the packet`, () => {
      assert.throws(() => decodeRequest(packetUpToEnd(left, 2)), { code: 'LSAPI_ERR_PACKET_ENV' });
    });
  }

  for (const left of [0, 1, 2, 3]) {
    it(`refuses a terminator that has only ${left} bytes left`, () => {
      assert.throws(() => decodeRequest(packetUpToEnd(left, 1)), { code: 'LSAPI_ERR_PACKET_ENV' });
    });
  }

  it('finds no fault with a list that ends with the packet, but with the layout', () => {
    assert.throws(() => decodeRequest(packetUpToEnd(4, 1)), { code: 'LSAPI_ERR_PACKET_LAYOUT' });
  });

  it('accepts value offsets from the first to the last byte of the list', () => {
    const list = entry('AB\0', 'x\0');
    for (const [offset, value] of [
      [ENV_START, ''],
      [ENV_START + 4, 'AB'],
      [ENV_START + 7, 'x'],
      [ENV_START + list.length + 3, ''],
    ] as const) {
      const packet = packetWith(list, 1);
      packet.writeInt32LE(offset, 16);
      assert.equal(decodeRequest(packet).scriptFilename, value);
    }
  });

  it('refuses less than a packet header, down to nothing', () => {
    const packet = packetWith(entry('AB\0', 'x\0'), 1);
    const codeAt = (length: number): unknown => {
      try {
        return decodeRequest(packet.subarray(0, length));
      } catch (error) {
        return (error as { code?: string }).code;
      }
    };
    assert.equal(codeAt(0), 'LSAPI_ERR_PACKET_MAGIC');
    assert.equal(codeAt(1), 'LSAPI_ERR_PACKET_MAGIC');
    assert.equal(codeAt(2), 'LSAPI_ERR_PACKET_TYPE');
    for (let length = 3; length < packet.length; length++)
      assert.equal(codeAt(length), 'LSAPI_ERR_PACKET_LENGTH');
  });
});

describe('HOST_BUILD', () => {
  it('has the byte order of this CPU, and flag 0 on x86 alone', () => {
    const [lowest] = new Uint8Array(Uint16Array.of(1).buffer);
    assert.equal(HOST_BUILD.byteOrder, lowest === 1 ? 'little' : 'big');
    assert.equal(HOST_BUILD.flag, process.arch === 'x64' || process.arch === 'ia32' ? 0 : 1);
  });
});

/** An entry with the given bytes; the lengths count exactly these. */
function entry(...[name, value]: NameValue): Buffer {
  const lengths = Buffer.alloc(4);
  lengths.writeUInt16BE(name.length, 0);
  lengths.writeUInt16BE(value.length, 2);
  return Buffer.concat([lengths, Buffer.from(name + value, 'latin1')]);
}

/** A lawful packet around an environment list, without headers. */
function packetWith(list: Buffer, count: number): Buffer {
  const end = ENV_START + list.length + 4;
  return withIntegers(Buffer.alloc(Math.ceil(end / 8) * 8 + 152), list, count);
}

/** A packet that ends `left` bytes behind the only entry of its environment list. */
function packetUpToEnd(left: number, count: number): Buffer {
  const list = entry('A\0', `${'v'.repeat(300)}\0`);
  return withIntegers(Buffer.alloc(ENV_START + list.length + left), list, count);
}

function withIntegers(packet: Buffer, list: Buffer, count: number): Buffer {
  packet.set([0x4c, 0x53, 1, 0]);
  packet.writeInt32LE(packet.length, 4);
  packet.writeInt32LE(count, 36);
  packet.set(list, ENV_START);
  return packet;
}
