export function load() {
  return { title: 'Grüße aus SvelteKit' };
}
