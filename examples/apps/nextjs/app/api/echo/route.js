export async function POST(request) {
  return Response.json({ echoed: await request.json() }, { status: 201 });
}
