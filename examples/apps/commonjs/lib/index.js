// Nothing but Node: the start file is found by "main" of package.json, the app is what it exports.
const { createReadStream } = require('node:fs');
const { join } = require('node:path');
const { text } = require('node:stream/consumers');

function sendJson(response, status, value) {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(value));
}

module.exports = async function app(request, response) {
  const url = new URL(request.url, 'http://localhost');
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /':
      response.setHeader('Content-Type', 'text/html');
      response.end('<h1>CommonJS</h1>');
      break;
    case 'POST /echo':
      try {
        sendJson(response, 201, { echoed: JSON.parse(await text(request)) });
      } catch (error) {
        sendJson(response, 400, { error: error.name });
      }
      break;
    case 'GET /redirect':
      response.writeHead(302, { Location: '/' }).end();
      break;
    case 'GET /cookies':
      response.setHeader('Set-Cookie', ['theme=dark; HttpOnly', 'language=en']);
      sendJson(response, 200, { cookie: request.headers.cookie });
      break;
    case 'GET /stream':
      for (const part of ['part 1\n', 'part 2\n', 'end\n']) response.write(part);
      response.end();
      break;
    case 'GET /static/file.txt':
      response.setHeader('Content-Type', 'text/plain');
      createReadStream(join(__dirname, '../public/file.txt')).pipe(response);
      break;
    case 'GET /request':
      sendJson(response, 200, { method: request.method, url: request.url, host: request.headers.host });
      break;
    case 'GET /error':
      sendJson(response, 500, { error: 'as intended' });
      break;
    default:
      sendJson(response, 404, { error: 'not found' });
  }
};

// Started by hand, it listens itself.
if (require.main === module)
  require('node:http')
    .createServer(module.exports)
    .listen(process.env.PORT || 3000);
