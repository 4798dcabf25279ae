// Requests that a suEXEC daemon must refuse: nobody's code may run for them, and the log says why.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { encodeCredentials, type NameValue } from '#lib/codec/index.js';
import { buildRequest } from '../support/lsapi-request.js';
import { eventually } from '../process-group/support/group.js';
import { ALICE, BOB, answerOf, sharedDaemon, type Daemon } from './support/daemon.js';
import { PROBE_APP } from './support/probe.js';

const UNCHANGED = 0xffff_ffff;

function binary(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** The credentials of a user, each value changed. */
function changed(
  entries: NameValue[],
  change: (ids: Buffer, auth: Buffer) => readonly [ids: Uint8Array, auth: Uint8Array],
): NameValue[] {
  const [ids, auth] = entries.map(([, value]) => Buffer.from(value, 'latin1'));
  const values = change(ids ?? Buffer.alloc(0), auth ?? Buffer.alloc(0));
  return entries.map(([name], index): NameValue => [name, binary(values[index] ?? Buffer.alloc(0))]);
}

/** What somebody who does not know the secret may send, and what the log says of it. */
const FORGERIES: Record<string, [forge: (daemon: Daemon) => NameValue[], code: string]> = {
  'no credentials at all': [() => [], 'MISSING'],
  'a digest of random bytes': [
    (daemon) =>
      changed(daemon.credentials(ALICE), (ids, auth) => [
        ids,
        Buffer.concat([auth.subarray(0, 16), randomBytes(16)]),
      ]),
    'DIGEST',
  ],
  'a digest of another secret': [() => encodeCredentials({ secret: randomBytes(16), ...ALICE }), 'DIGEST'],
  'a digest with its last bit changed': [
    (daemon) =>
      changed(daemon.credentials(ALICE), (ids, auth) => {
        auth[31] = (auth[31] ?? 0) ^ 1;
        return [ids, auth];
      }),
    'DIGEST',
  ],
  'another nonce with the digest': [
    (daemon) =>
      changed(daemon.credentials(ALICE), (ids, auth) => [
        ids,
        Buffer.concat([randomBytes(16), auth.subarray(16)]),
      ]),
    'DIGEST',
  ],
  'nonce and digest replayed for another user': [
    (daemon) =>
      changed(daemon.credentials(ALICE), (ids, auth) => {
        ids.writeUInt32LE(BOB.uid, 0);
        return [ids, auth];
      }),
    'DIGEST',
  ],
  'nonce and digest replayed for another group': [
    (daemon) =>
      changed(daemon.credentials(ALICE), (ids, auth) => {
        ids.writeUInt32LE(BOB.gid, 4);
        return [ids, auth];
      }),
    'DIGEST',
  ],
  'nonce and digest replayed with the ids in the other byte order': [
    (daemon) => changed(daemon.credentials(ALICE), (ids, auth) => [Buffer.from(ids).swap32(), auth]),
    'DIGEST',
  ],
  'the entries in the other order': [(daemon) => daemon.credentials(ALICE).reverse(), 'MISSING'],
  'SUEXEC_AUTH alone': [(daemon) => daemon.credentials(ALICE).slice(1), 'MALFORMED'],
  'SUEXEC_UGID alone': [(daemon) => daemon.credentials(ALICE).slice(0, 1), 'MISSING'],
  'another entry behind the credentials': [
    (daemon) => [...daemon.credentials(ALICE), ['\x01memory_limit', '1G']],
    'MISSING',
  ],
  'another entry between the two': [
    (daemon) => {
      const [ids = ['', ''], auth = ['', '']] = daemon.credentials(ALICE);
      return [ids, ['\x01memory_limit', '1G'], auth];
    },
    'MALFORMED',
  ],
  'two identities, both with a digest': [
    (daemon) => [...daemon.credentials(ALICE), ...daemon.credentials(BOB)],
    'MALFORMED',
  ],
  'an identity in front of the signed one': [
    (daemon) => [...daemon.credentials(BOB).slice(0, 1), ...daemon.credentials(ALICE)],
    'MALFORMED',
  ],
  'a nonce and digest that are cut': [
    (daemon) => changed(daemon.credentials(ALICE), (ids, auth) => [ids, auth.subarray(0, 31)]),
    'MALFORMED',
  ],
  'ids that are cut': [
    (daemon) => changed(daemon.credentials(ALICE), (ids, auth) => [ids.subarray(0, 7), auth]),
    'MALFORMED',
  ],
  'names without the byte in front': [
    (daemon) => daemon.credentials(ALICE).map(([name, value]): NameValue => [name.slice(1), value]),
    'MISSING',
  ],
  'names with another byte in front': [
    (daemon) => daemon.credentials(ALICE).map(([name, value]): NameValue => [`\x04${name.slice(1)}`, value]),
    'MISSING',
  ],
  'root, signed': [(daemon) => daemon.credentials({ uid: 0, gid: 0 }), 'USER'],
  'root with a group of its own, signed': [(daemon) => daemon.credentials({ uid: 0, gid: 54_321 }), 'USER'],
  "a user in root's group, signed": [(daemon) => daemon.credentials({ uid: 54_321, gid: 0 }), 'USER'],
  'the user -1, which means "as it is", signed': [
    (daemon) => daemon.credentials({ uid: UNCHANGED, gid: 54_321 }),
    'USER',
  ],
  'the group -1, signed': [(daemon) => daemon.credentials({ uid: 54_321, gid: UNCHANGED }), 'USER'],
  'a user below LSNODE_MIN_UID, signed': [(daemon) => daemon.credentials({ uid: 99, gid: 54_321 }), 'USER'],
  'a group below LSNODE_MIN_GID, signed': [(daemon) => daemon.credentials({ uid: 54_321, gid: 42 }), 'USER'],
};

describe('suEXEC daemon: credentials', () => {
  const shared = sharedDaemon({ 'app.mjs': PROBE_APP }, { env: { LSNODE_PACKET_TIMEOUT: '1' } });
  let logged = 0;

  /** What the log says since the last call, once it matches. */
  async function logs(pattern: RegExp): Promise<void> {
    const { lsnode } = shared();
    await eventually(`the log says ${String(pattern)}, not ${lsnode.stderr.slice(logged)}`, () =>
      pattern.test(lsnode.stderr.slice(logged)),
    );
    logged = lsnode.stderr.length;
  }

  for (const [what, [forge, code]] of Object.entries(FORGERIES)) {
    it(`${what}: refused [LSAPI_ERR_CREDENTIALS_${code}]`, async () => {
      const daemon = shared();
      const client = await daemon.lsnode.connect();
      const response = await client.request({ url: '/identity', specialEnv: forge(daemon) });
      assert.equal(response.status, 403);
      assert.doesNotMatch(response.text, /users/);
      assert.ok(response.connectionClosed);
      await logs(new RegExp(`child \\d+: .*refused: .*\\[LSAPI_ERR_CREDENTIALS_${code}\\]`));
      assert.doesNotMatch(daemon.lsnode.stderr, /loaded by/);
    });
  }

  it('credentials among the ordinary variables, or in headers, are none', async () => {
    const daemon = shared();
    const [ids = ['', ''], auth = ['', '']] = daemon.credentials(ALICE);
    const client = await daemon.lsnode.connect();
    const response = await client.request({
      env: { SUEXEC_UGID: ids[1].replaceAll('\0', '1'), SUEXEC_AUTH: auth[1].replaceAll('\0', '1') },
      headers: { 'Suexec-Ugid': '54321', 'Suexec-Auth': 'x' },
    });
    assert.equal(response.status, 403);
    await logs(/LSAPI_ERR_CREDENTIALS_MISSING/);
  });

  for (const [byteOrder, flag] of [
    ['little', 0],
    ['big', 1],
  ] as const) {
    it(`valid ones are served whatever the packet's order is (${byteOrder} endian): ids are in the machine's`, async () => {
      const response = await shared().request(ALICE, { url: '/identity', byteOrder, flag });
      assert.equal(response?.status, 200);
      assert.deepEqual((JSON.parse(response.text) as { users: number[] }).users, [ALICE.uid, ALICE.uid]);
      await logs(/loaded by user 54321/);
    });
  }

  it('a second identity on a connection is not served, and nothing is acknowledged', async () => {
    const daemon = shared();
    const client = await daemon.lsnode.connect();
    const first = await client.request({ url: '/identity', specialEnv: daemon.credentials(ALICE) });
    assert.equal(first.status, 200);
    const second = await answerOf(client, { url: '/identity', specialEnv: daemon.credentials(BOB) });
    assert.equal(second, undefined);
    assert.deepEqual(client.response.packets, []);
    await logs(
      /a request for user 54322 and group 54322 on a connection of user 54321 .*\[LSAPI_ERR_CREDENTIALS_USER\]/,
    );
  });

  it('nor is one without credentials behind one with them', async () => {
    const daemon = shared();
    const client = await daemon.lsnode.connect();
    await client.request({ url: '/identity', specialEnv: daemon.credentials(ALICE) });
    assert.equal(await answerOf(client, { url: '/identity' }), undefined);
    assert.deepEqual(client.response.packets, []);
    await logs(/without valid credentials on a connection of user 54321 .*\[LSAPI_ERR_CREDENTIALS_MISSING\]/);
  });

  it('the same user may go on, on the same connection, in the same process', async () => {
    const daemon = shared();
    const client = await daemon.lsnode.connect();
    const pids = new Set<number>();
    for (let count = 0; count < 5; count++) {
      const { status, text } = await client.request({
        url: '/identity',
        specialEnv: daemon.credentials(ALICE),
      });
      assert.equal(status, 200);
      pids.add((JSON.parse(text) as { pid: number }).pid);
    }
    assert.equal(pids.size, 1);
  });

  /** First packets that are no requests, and what the log says; the connection is closed. */
  const BROKEN: Record<string, [spoil: (packet: Buffer) => Buffer, pattern: RegExp]> = {
    'two thousand million special entries': [
      (packet) => (packet.writeInt32LE(0x7fff_ffff, 40), packet),
      /PACKET_COUNT/,
    ],
    'fewer special entries than none': [(packet) => (packet.writeInt32LE(-1, 40), packet), /PACKET_COUNT/],
    'more special entries than there are': [(packet) => (packet.writeInt32LE(40, 40), packet), /PACKET_ENV/],
    'a length beyond all limits': [
      (packet) => (packet.writeUInt32LE(0x7fff_fff0, 4), packet),
      /PACKET_LENGTH/,
    ],
    'a length of nothing': [(packet) => (packet.writeUInt32LE(0, 4), packet), /PACKET_LENGTH/],
    'another type': [(packet) => (packet.writeUInt8(9, 2), packet), /PACKET_TYPE/],
    HTTP: [() => Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), /PACKET_MAGIC/],
    'half of a packet, and the end': [(packet) => packet.subarray(0, 100), /left in the middle of a packet/],
  };

  for (const [what, [spoil, pattern]] of Object.entries(BROKEN)) {
    it(`${what}: closed without an answer`, async () => {
      const daemon = shared();
      const client = await daemon.lsnode.connect();
      const { packet } = buildRequest({ specialEnv: daemon.credentials(ALICE) });
      client.socket.end(spoil(packet));
      await client.closed();
      assert.doesNotMatch(client.response.text, /./);
      await logs(pattern);
    });
  }

  it('half of a packet that goes no further holds its child for LSNODE_PACKET_TIMEOUT', async () => {
    const daemon = shared();
    const client = await daemon.lsnode.connect();
    await client.write(buildRequest({ specialEnv: daemon.credentials(ALICE) }).packet.subarray(0, 100));
    await client.closed();
    await logs(/no complete request has come within 1000 ms/);
  });
});
