/** The module that a text is, and the same with counters at its edges. */
export async function bothWays<T>(source: string): Promise<{ plain: T; counted: T }> {
  const script = new URL('../../../../scripts/fuzz/instrument.mjs', import.meta.url).href;
  const { instrument } = (await import(script)) as { instrument: (text: string, name: string) => string };
  const load = (text: string) => import(`data:text/javascript,${encodeURIComponent(text)}`) as Promise<T>;
  return { plain: await load(source), counted: await load(instrument(source, 'module.js')) };
}
