import { Router } from 'express';
import { answer } from '../html.js';

const router = Router();

router.all('/whoami', (req, res) => {
  answer(res, 'This request', {
    method: req.method,
    url: req.originalUrl,
    protocol: req.protocol,
    httpVersion: req.httpVersion,
    host: req.host,
    ip: req.ip,
    socket: {
      remoteAddress: req.socket.remoteAddress,
      remotePort: req.socket.remotePort,
      localAddress: req.socket.localAddress,
      encrypted: req.socket.encrypted === true,
    },
    headers: req.headers,
    process: { pid: process.pid, node: process.version },
    // Only there when a LiteSpeed server (or the development gateway) sent the request over LSAPI.
    lsapi: req.lsapi?.env,
  });
});

export default router;
