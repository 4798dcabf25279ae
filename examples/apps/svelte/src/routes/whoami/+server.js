import { json } from '@sveltejs/kit';

export function GET({ url, request, getClientAddress }) {
  const { pathname, search, hostname: host, protocol } = url;
  const agent = request.headers.get('user-agent');
  return json({ url: pathname + search, host, protocol, ip: getClientAddress(), agent });
}
