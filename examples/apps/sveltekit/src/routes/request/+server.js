import { json } from '@sveltejs/kit';

export function GET({ request, url, getClientAddress }) {
  return json({
    method: request.method,
    path: url.pathname,
    search: url.search,
    host: url.hostname,
    ip: getClientAddress(),
  });
}
