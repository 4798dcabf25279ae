import { json } from '@sveltejs/kit';

export async function POST({ request }) {
  return json({ echoed: await request.json() }, { status: 201 });
}
