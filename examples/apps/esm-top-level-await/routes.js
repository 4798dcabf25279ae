const sendJson = (response, status, value) =>
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));

export const routes = {
  'GET /': (request, response, { settings }) =>
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(settings.greeting),
  'POST /echo': async (request, response, { json }) => {
    try {
      sendJson(response, 201, { echoed: await json(request) });
    } catch (error) {
      sendJson(response, 400, { error: error.name });
    }
  },
  'GET /redirect': (request, response) => response.writeHead(302, { Location: '/' }).end(),
  'GET /request': (request, response) =>
    sendJson(response, 200, { method: request.method, url: request.url, host: request.headers.host }),
  'GET /error': (request, response) => sendJson(response, 500, { error: 'as intended' }),
};
