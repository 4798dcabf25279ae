/**
 * A header of a response, as the functions of `lsapi/litespeed` give them. It can be spread into what sets a header in
 * any style: `response.setHeader(...header)`, `headers.set(...header)`, `new Response(body, { headers: [header] })`,
 * `startResponse('200 OK', [header])`.
 */
export type HeaderPair = readonly [name: string, value: string];

/** What {@link applyHeaders} sets headers on. */
export type HeaderTarget =
  | {
      /** Of Node's ServerResponse and what is made of it: Express. */
      setHeader(name: string, value: string): unknown;
    }
  | {
      /** Of the web's Headers. */
      set(name: string, value: string): unknown;
    }
  | {
      /** Of the web's Response, if its headers can still be changed. */
      readonly headers: {
        /** Of the web's Headers. */
        set(name: string, value: string): unknown;
      };
    }
  /** The list of the WSGI style. */
  | (readonly [name: string, value: string])[];

/**
 * Sets headers on a response of any style; each replaces those of its name.
 *
 * @returns The target.
 */
export function applyHeaders<Target extends HeaderTarget>(target: Target, ...headers: HeaderPair[]): Target {
  const setter: HeaderTarget = target;
  for (const [name, value] of headers) {
    if (Array.isArray(setter)) replaceIn(setter, name, value);
    else if ('setHeader' in setter) setter.setHeader(name, value);
    else if ('set' in setter) setter.set(name, value);
    else setter.headers.set(name, value);
  }
  return target;
}

function replaceIn(list: HeaderPair[], name: string, value: string): void {
  const key = name.toLowerCase();
  const others = list.filter(([other]) => other.toLowerCase() !== key);
  list.splice(0, list.length, ...others, [name, value]);
}
