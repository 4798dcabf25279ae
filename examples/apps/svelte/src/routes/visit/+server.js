import { text } from '@sveltejs/kit';

export function GET({ cookies }) {
  const visits = Number(cookies.get('visits') ?? 0) + 1;
  cookies.set('visits', String(visits), { path: '/', sameSite: 'lax', secure: false });
  cookies.set('theme', 'dark & light', { path: '/', httpOnly: false, secure: false });
  return text(`visit ${visits}`);
}
