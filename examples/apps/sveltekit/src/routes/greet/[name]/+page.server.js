export function load({ params, url }) {
  return { name: params.name, from: url.searchParams.get('from') ?? 'nobody' };
}
