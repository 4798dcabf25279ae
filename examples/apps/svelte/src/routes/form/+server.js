import { redirect } from '@sveltejs/kit';

export async function POST({ request }) {
  const form = await request.formData();
  redirect(303, `/hello/${encodeURIComponent(form.get('name'))}`);
}
