import assert from 'node:assert/strict';
import { chmodSync, closeSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { native } from '#lib/native/binding.js';
import type { Finding } from '#lib/doctor/finding.js';
import { wrapperText } from '#lib/install/wrapper.js';
import { main } from '../cli/support/lsnode.js';
import { assertOnly, Patient } from './support/patient.js';

const isRoot = process.getuid?.() === 0;

describe('lsnode doctor, of a server that runs lsnode', function () {
  this.timeout(240_000);
  let patient: Patient;

  beforeEach(() => {
    patient = new Patient();
    patient.install();
  });
  afterEach(() => patient.remove());

  describe('finds nothing', () => {
    it('where lsnode install has set an app up, and tries it', async () => {
      const { run, findings } = await patient.try();
      assert.deepEqual(findings, []);
      assert.equal(run?.code, 0);
    });

    it('where it has set up one process, and scripts beside it', async () => {
      patient.spoilServer(/httpdWorkers +1/, 'httpdWorkers 4');
      patient.install('--mode', 'worker');
      patient.install('--mode', 'scripts');
      const { findings } = await patient.check();
      assert.deepEqual(findings, []);
    });
  });

  describe('finds a command', () => {
    it('that does not exist', async () => {
      patient.spoil('fcgi-bin/lsnode', 'bin/lsnode');
      assertOnly(await patient.look(), 'LSAPI_DOCTOR_COMMAND', 'error', {
        what: /lsws\/bin\/lsnode, does not exist/,
        remedy: /path.*lsnode install/,
      });
    });

    it('that is not executable', async () => {
      chmodSync(join(patient.root, 'fcgi-bin/lsnode'), 0o644);
      assertOnly(await patient.look(), 'LSAPI_DOCTOR_COMMAND', 'error', {
        remedy: /^chmod 755 .*fcgi-bin\/lsnode$/,
      });
    });

    it('whose arguments the server takes for a shell', async () => {
      const app = patient.write('shop/app.mjs', 'export default () => {}');
      patient.spoil('fcgi-bin/lsnode', `fcgi-bin/lsnode ${app}`);
      assertOnly(await patient.look(), 'LSAPI_DOCTOR_COMMAND', 'error', {
        what: /refuses the arguments .*shop\/app\.mjs/,
        remedy: /LSNODE_ROOT.*LSNODE_STARTUP_FILE/,
      });
    });

    it('whose user may not get at its Node', async () => {
      const node = patient.write('private/node', '#!/bin/sh\n', 0o755);
      chmodSync(join(patient.directory, 'private'), 0o700);
      patient.write('lsws/fcgi-bin/lsnode', wrapperText(node, main), 0o755);
      assertOnly(await patient.check(), 'LSAPI_DOCTOR_COMMAND_ACCESS', 'error', {
        what: /nobody.*\/private/,
        remedy: /permit .*\/private for nobody/,
      });
    });

    it('whose Node is too old', async () => {
      const node = patient.write('node-18/node', '#!/bin/sh\necho v18.20.8\n', 0o755);
      patient.write('lsws/fcgi-bin/lsnode', wrapperText(node, main), 0o755);
      assertOnly(await patient.check(), 'LSAPI_DOCTOR_NODE_VERSION', 'error', {
        what: /Node 18\.20\.8/,
        remedy: /newer Node.*path/,
      });
    });

    it('that starts Node with a debugger', async () => {
      patient.addEnvironment('NODE_OPTIONS=--enable-source-maps --inspect=9229');
      assertOnly(await patient.look(), 'LSAPI_DOCTOR_NODE_FLAGS', 'error', {
        remedy: /--inspect=9229 out of NODE_OPTIONS/,
      });
    });

    it('with which no group can be forked', async () => {
      patient.addEnvironment('NODE_OPTIONS=--single-threaded');
      assertOnly(await patient.try(), 'LSAPI_DOCTOR_FORK', 'error', {
        what: /--single-threaded is not allowed in NODE_OPTIONS/,
        remedy: /NODE_OPTIONS/,
      });
    });
  });

  describe('finds an app', () => {
    it('that is not there', async () => {
      patient.spoil('LSNODE_STARTUP_FILE=app.js', 'LSNODE_STARTUP_FILE=server.js');
      assertOnly(await patient.look(), 'LSAPI_DOCTOR_APP_MISSING', 'error', {
        what: /server\.js/,
        remedy: /LSNODE_STARTUP_FILE/,
      });
    });

    it('that its user may not read', async () => {
      chmodSync(patient.app, 0o700);
      assertOnly(await patient.check(), 'LSAPI_DOCTOR_APP_ACCESS', 'error', {
        what: /nobody, whom the app runs as, may not read .*app\.js/,
        remedy: /Permit .*shop app for nobody.*extUser/,
      });
    });

    it('whose package.json has the other "type"', async () => {
      patient.addEnvironment('LSNODE_FORK=off');
      patient.write('shop app/app.js', "const http = require('node:http'); http.createServer().listen(1);");
      assertOnly(await patient.try(), 'LSAPI_DOCTOR_MODULE_TYPE', 'error', {
        what: /CommonJS, and loaded as an ES module/,
        remedy: /"type": "module".*\.cjs/,
      });
    });

    it('that does not load', async () => {
      patient.addEnvironment('LSNODE_FORK=off');
      patient.write('shop app/app.js', "import 'no-such-package';");
      assertOnly(await patient.try(), 'LSAPI_DOCTOR_APP_LOAD', 'error', {
        what: /no-such-package.*npm ci/,
        remedy: /what the message says/,
      });
    });

    it('that cannot be restarted by tmp/restart.txt', async () => {
      rmdirSync(join(patient.app, 'tmp'));
      writeFileSync(join(patient.app, 'tmp'), '');
      assertOnly(await patient.check(), 'LSAPI_DOCTOR_RESTART', 'warning', { remedy: /mkdir .*\/tmp$/ });
    });

    it('whose log cannot be written', async () => {
      patient.addEnvironment('LSNODE_CONSOLE_LOG=/srv/no-such-directory/app.log');
      assertOnly(await patient.check(), 'LSAPI_DOCTOR_LOG', 'warning', { remedy: /Set LSNODE_CONSOLE_LOG/ });
    });

    it('whose output the server discards, unless it has a log of its own', async () => {
      patient.spoilServer(/rollingSize +10M/, 'enableStderrLog 0');
      assertOnly(await patient.check(), 'LSAPI_DOCTOR_LOG', 'warning', {
        what: /enableStderrLog/,
        remedy: /enableStderrLog 1.*LSAPI_STDERR_LOG/,
      });
      patient.addEnvironment('LSAPI_STDERR_LOG=/tmp/shop.log');
      const { findings } = await patient.check();
      assert.deepEqual(findings, []);
    });
  });

  describe('finds numbers that do not fit:', () => {
    it('Max Connections above LSAPI_CHILDREN', async () => {
      patient.spoil(/maxConns +20/, 'maxConns 100');
      assertOnly(await patient.look(), 'LSAPI_DOCTOR_MAX_CONNECTIONS', 'warning', {
        what: /100, LSAPI_CHILDREN 20/,
        remedy: /LSAPI_CHILDREN and maxConns to the same number.*LSNODE_CONCURRENCY/,
      });
    });

    it('one process for all connections, of which each worker process of the server starts its own', async () => {
      patient.spoilServer(/httpdWorkers +1/, 'httpdWorkers 4');
      patient.addEnvironment('LSNODE_CONCURRENCY=20');
      assertOnly(await patient.check(), 'LSAPI_DOCTOR_WORKERS', 'warning', {
        what: /each of the server's 4 worker processes/,
        remedy: /runOnStartUp 3.*LSAPI_CHILDREN=80 and LSNODE_CONCURRENCY=80/,
      });
    });

    it('the same, where the remedy is the most that a process can have', async () => {
      patient.spoilServer(/httpdWorkers +1/, 'httpdWorkers 8');
      patient.addEnvironment('LSNODE_CONCURRENCY=2000');
      patient.spoil('LSAPI_CHILDREN=20', 'LSAPI_CHILDREN=2000');
      patient.spoil(/maxConns +20/, 'maxConns 2000');
      const { findings } = await patient.check();
      const found = findings.find(({ code }) => code === 'LSAPI_DOCTOR_WORKERS');
      assert.match(found?.remedy ?? '', /LSAPI_CHILDREN=10000 and LSNODE_CONCURRENCY=10000/);
    });

    it('several instances of a group', async () => {
      patient.spoil(/instances +1/, 'instances 4');
      assertOnly(await patient.look(), 'LSAPI_DOCTOR_INSTANCES', 'error', { remedy: /instances 1/ });
    });

    it('no LSAPI_CHILDREN', async () => {
      patient.spoil(/ *env +LSAPI_CHILDREN=20\n/, '');
      assertOnly(await patient.look(), 'LSAPI_DOCTOR_CHILDREN', 'warning', {
        remedy: /env LSAPI_CHILDREN=20/,
      });
    });

    it('fewer processes than children have threads', async () => {
      patient.spoil('LSAPI_CHILDREN=20', 'LSAPI_CHILDREN=150');
      patient.spoil(/maxConns +20/, 'maxConns 150');
      patient.spoil(/procSoftLimit +1400/, 'procSoftLimit 600');
      assertOnly(await patient.check(), 'LSAPI_DOCTOR_PROCESSES', 'warning', {
        what: /allow 600 .* 200 children/,
        remedy: /procSoftLimit and procHardLimit to 1000/,
      });
    });

    it('an address space in which Node does not start', async () => {
      patient.spoil(/memSoftLimit +0/, 'memSoftLimit 512M');
      assertOnly(await patient.look(), 'LSAPI_DOCTOR_ADDRESS_SPACE', 'error', {
        what: /memSoftLimit 512M/,
        remedy: /memSoftLimit 0 and memHardLimit 0.*LSNODE_MAX_MEMORY/,
      });
    });

    it('more free memory than there is', async () => {
      patient.addEnvironment('LSAPI_AVOID_FORK=900000G');
      assertOnly(await patient.check(), 'LSAPI_DOCTOR_AVOID_FORK', 'warning', {
        remedy: /LSAPI_AVOID_FORK=1/,
      });
    });

    it('idle times that exclude each other', async () => {
      patient.addEnvironment('LSAPI_MAX_IDLE=0');
      patient.addEnvironment('LSAPI_PGRP_MAX_IDLE=60');
      assertOnly(await patient.check(), 'LSAPI_DOCTOR_IDLE', 'warning', {
        remedy: /LSAPI_MAX_IDLE.*LSAPI_PGRP_MAX_IDLE/,
      });
    });

    it('a variable that nobody reads', async () => {
      patient.addEnvironment('LSAPI_MAX_IDEL=60');
      assertOnly(await patient.look(), 'LSAPI_DOCTOR_SETTING', 'warning', {
        what: /LSAPI_MAX_IDLE\?/,
        remedy: /Correct LSAPI_MAX_IDEL/,
      });
    });
  });

  describe('finds a socket', () => {
    const place = (): string => join(patient.directory, 'app.sock');

    /** The external app of an `lsnode --bind` that somebody starts. */
    function startedByHand(path = place()): void {
      patient.spoil(/address +\S+/, `address uds:/${path}`);
      patient.spoil(/autoStart +1/, 'autoStart 0');
    }

    it('with a path that is too long', async () => {
      patient.spoil(/address +\S+/, `address uds://tmp/${'long/'.repeat(20)}app.sock`);
      assertOnly(await patient.check(), 'LSAPI_DOCTOR_ADDRESS', 'error', {
        what: /113 bytes long.*at most 107/,
        remedy: /Correct the address/,
      });
    });

    it('in a directory that is not there', async () => {
      patient.spoil(/address +\S+/, 'address uds://srv/no-such-directory/app.sock');
      assertOnly(await patient.look(), 'LSAPI_DOCTOR_SOCKET_ACCESS', 'error', {
        remedy: /Set address to .*uds:\/\/tmp\/lshttpd\/shop-app\.sock/,
      });
    });

    it('that is missing where the server starts nothing', async () => {
      startedByHand();
      assertOnly(await patient.look(), 'LSAPI_DOCTOR_SOCKET_MISSING', 'error', {
        remedy: /lsnode --bind .*app\.sock.*autoStart 1/,
      });
    });

    it('that is a file', async () => {
      startedByHand();
      patient.write('app.sock', '');
      assertOnly(await patient.check(), 'LSAPI_DOCTOR_SOCKET_TYPE', 'error', {
        remedy: /Remove it.*address/,
      });
    });

    it('on which nobody listens', async () => {
      startedByHand();
      const { fd } = native.listenUnix(place(), 1, -1);
      closeSync(fd);
      assertOnly(await patient.check(), 'LSAPI_DOCTOR_SOCKET_DEAD', 'error', { remedy: /lsnode --bind/ });
    });

    /** What is found where this process listens, with those permissions. */
    async function listening(mode: number): Promise<readonly Finding[]> {
      startedByHand();
      const server = createServer().listen(place());
      try {
        await once(server, 'listening');
        chmodSync(place(), mode);
        return (await patient.look()).findings;
      } finally {
        server.close();
      }
    }

    it('that the server may not connect to', async () => {
      const [first] = await listening(0o700);
      assert.equal(first?.code, 'LSAPI_DOCTOR_SOCKET_ACCESS');
      assert.match(first?.what ?? '', /nobody cannot connect to .*app\.sock/);
      assert.match(first?.remedy ?? '', /group.*umask 007/);
    });

    it('of a process that runs as root, if it does', async () => {
      const findings = await listening(0o777);
      assert.deepEqual(
        findings.map(({ code }) => code),
        isRoot ? ['LSAPI_DOCTOR_ROOT'] : [],
      );
      for (const { remedy } of findings) assert.match(remedy, /User=.*extUser.*LSAPI_SECRET/);
    });

    it('that two external apps have', async () => {
      patient.hostConfig += `extprocessor other {
  type lsapi
  address uds://tmp/lshttpd/shop-app.sock
  path fcgi-bin/lsphp
}
`;
      assertOnly(await patient.check(), 'LSAPI_DOCTOR_SOCKET_SHARED', 'warning', {
        what: /"shop-app".*"other"/,
        remedy: /address of its own/,
      });
    });
  });

  describe('finds a configuration', () => {
    it('that is not there', async () => {
      patient.spoilServer('vhconf.conf', 'vhost.conf');
      const { findings, run } = await patient.look();
      assert.deepEqual(
        findings.map(({ code }) => code),
        ['LSAPI_DOCTOR_SERVER'],
      );
      assert.match(findings[0]?.remedy ?? '', /configFile of virtualHost shop/);
      assert.equal(run?.code, 1);
    });

    it('with a block that is not closed', async () => {
      patient.hostConfig += 'context /last/ {\n  type null\n';
      assertOnly(await patient.check(), 'LSAPI_DOCTOR_SERVER', 'error', {
        what: /"context \/last\/" is not closed/,
        remedy: /braces/,
      });
    });

    it('with a user that does not exist', async () => {
      patient.spoil(/runOnStartUp/, 'extUser no-such-user\n  runOnStartUp');
      assertOnly(await patient.look(), 'LSAPI_DOCTOR_USER', 'error', {
        what: /no-such-user .* does not exist/,
        remedy: /Set extUser/,
      });
    });

    it('by which the app would run as root', async () => {
      patient.spoilServer(/user +nobody/, 'user root');
      assertOnly(await patient.check(), 'LSAPI_DOCTOR_ROOT', 'error', { remedy: /Set extUser and extGroup/ });
    });

    it('whose external app is of another type', async () => {
      patient.spoil(/type +lsapi/, 'type fcgi');
      const { findings } = await patient.check();
      // The context names an external app of the type lsapi, which is gone with it.
      assert.deepEqual(
        findings.map(({ code }) => code),
        ['LSAPI_DOCTOR_TYPE', 'LSAPI_DOCTOR_HANDLER'],
      );
      for (const { remedy } of findings) assert.match(remedy, /Set type lsapi/);
    });

    it('with a proxy to the same socket', async () => {
      patient.hostConfig += `extprocessor web {
  type proxy
  address uds://tmp/lshttpd/shop-app.sock
}
`;
      assertOnly(await patient.check(), 'LSAPI_DOCTOR_TYPE', 'error', {
        remedy: /name "shop-app" and remove "web"/,
      });
    });

    it('whose context names another external app', async () => {
      patient.spoil(/handler +shop-app/, 'handler shop_app');
      assertOnly(await patient.look(), 'LSAPI_DOCTOR_HANDLER', 'error', {
        remedy: /Set the handler to "shop-app"/,
      });
    });

    it('whose context still has the old loader', async () => {
      patient.hostConfig += `context /old/ {
  type appserver
  location ${patient.app}/
  binPath /usr/bin/node
  appType node
}
`;
      assertOnly(await patient.look(), 'LSAPI_DOCTOR_OLD_LOADER', 'error', {
        what: /\/old\/ .* lsnode\.js/,
        remedy: /appType wsgi/,
      });
    });

    it('whose script handler has a suffix with a dot', async () => {
      patient.install('--mode', 'scripts');
      patient.spoilServer('mjs,cjs', '.mjs');
      assertOnly(await patient.look(), 'LSAPI_DOCTOR_SUFFIX', 'error', { remedy: /without a dot: mjs/ });
    });

    it('whose script handler misses a suffix', async () => {
      patient.install('--mode', 'scripts', '--suffix', 'js');
      mkdirSync(join(patient.root, 'shop/html/api'));
      patient.write('lsws/shop/html/api/hello.mjs', '');
      assertOnly(await patient.check(), 'LSAPI_DOCTOR_SUFFIX', 'warning', {
        what: /api\/hello\.mjs/,
        remedy: /js,mjs/,
      });
    });

    it("that makes every client's address the proxy's", async () => {
      patient.spoilServer(/address +\*:8088/, 'address 127.0.0.1:8088');
      patient.config += 'useIpInProxyHeader 0\n';
      assertOnly(await patient.check(), 'LSAPI_DOCTOR_CLIENT_ADDRESS', 'warning', {
        remedy: /useIpInProxyHeader 2/,
      });
    });
  });
});
