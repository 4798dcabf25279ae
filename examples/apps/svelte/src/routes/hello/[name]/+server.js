import { json } from '@sveltejs/kit';

export function GET({ params, url }) {
  return json({ hello: params.name, tags: url.searchParams.getAll('tag') });
}
