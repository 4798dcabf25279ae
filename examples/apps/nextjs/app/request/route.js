export function GET(request) {
  const { pathname, search } = request.nextUrl;
  return Response.json({
    method: request.method,
    pathname,
    search,
    agent: request.headers.get('user-agent'),
  });
}
