import { error, json } from '@sveltejs/kit';

export async function POST({ request }) {
  const note = await request.json().catch(() => error(400, 'This is no JSON.'));
  return json({ note }, { status: 201, headers: { Location: '/notes/1' } });
}
