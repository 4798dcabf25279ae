import { json } from '@sveltejs/kit';

export async function PUT({ request }) {
  let bytes = 0;
  for await (const chunk of request.body) bytes += chunk.length;
  return json({ bytes });
}
