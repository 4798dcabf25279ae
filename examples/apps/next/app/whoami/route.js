export function GET(request) {
  const { pathname, search } = request.nextUrl;
  const header = (name) => request.headers.get(name);
  return Response.json({
    url: pathname + search,
    host: header('host'),
    protocol: header('x-forwarded-proto'),
    ip: header('x-forwarded-for'),
    agent: header('user-agent'),
  });
}
