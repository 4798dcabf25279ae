import { cookies } from 'next/headers';

export async function GET() {
  const jar = await cookies();
  jar.set('theme', 'dark', { httpOnly: true });
  jar.set('language', 'en');
  return Response.json({ seen: jar.get('seen')?.value ?? null });
}
