export async function POST(request) {
  const form = await request.formData();
  const headers = { Location: `/hello/${encodeURIComponent(form.get('name'))}` };
  return new Response(null, { status: 303, headers });
}
