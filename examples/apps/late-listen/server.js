// Listens once something else is ready, on what the options object says.
const http = require('node:http');

const server = http.createServer();
server.on('request', (request, response) => {
  if (request.url === '/') response.end('<h1>Late</h1>');
  else if (request.url.startsWith('/request')) response.end(JSON.stringify({ url: request.url }));
  else {
    response.statusCode = 404;
    response.end('not found');
  }
});

setTimeout(() => {
  server.listen({ port: process.env.PORT || 3000, host: '127.0.0.1', backlog: 50 }, () => {
    const { port } = server.address();
    if (typeof port !== 'number') throw new Error(`the port is ${port}`);
  });
}, 100);
