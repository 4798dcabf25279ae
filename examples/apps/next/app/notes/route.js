export async function POST(request) {
  try {
    return Response.json({ note: await request.json() }, { status: 201, headers: { Location: '/notes/1' } });
  } catch {
    return Response.json({ error: 'This is no JSON.' }, { status: 400 });
  }
}
