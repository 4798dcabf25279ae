import { json } from '@sveltejs/kit';

export function GET({ cookies }) {
  cookies.set('theme', 'dark', { path: '/', secure: false });
  cookies.set('language', 'en', { path: '/', secure: false });
  return json({ seen: cookies.get('seen') ?? null });
}
