// Hello in fetch style: for lsnode, @hono/node-server and Bun.
export default {
  fetch() {
    return new Response('Hello, World!', { headers: { 'Content-Type': 'text/plain' } });
  },
};
