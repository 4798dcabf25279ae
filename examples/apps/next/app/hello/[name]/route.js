export async function GET(request, { params }) {
  const { name } = await params;
  return Response.json({ hello: name, tags: request.nextUrl.searchParams.getAll('tag') });
}
