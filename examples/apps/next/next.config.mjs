import { fileURLToPath } from 'node:url';

/** @type {import('next').NextConfig} */
export default {
  output: 'standalone',
  // The directory of this file, whatever lies above it: .next/standalone/server.js is where it is expected.
  outputFileTracingRoot: fileURLToPath(new URL('.', import.meta.url)),
  redirects: () => [{ source: '/old', destination: '/', statusCode: 301 }],
};
