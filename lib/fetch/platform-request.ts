/** Finds the platform's Request for an object that stands in for one. */
type RealOf = (value: unknown) => Request | undefined;

/**
 * Lets the platform take objects of a prototype for Requests, in `new Request(request)` and `fetch(request)`. It looks
 * at their internals there: in Node 20 and 22 these are symbol properties, which can be passed through. Later versions
 * have private fields, which cannot; there the two globals exchange what they are given.
 */
export function acceptStandIns(prototype: object, realOf: RealOf): void {
  const internals = Object.getOwnPropertySymbols(new Request('http://localhost/'));
  for (const symbol of internals) {
    Object.defineProperty(prototype, symbol, {
      configurable: true,
      get(this: unknown) {
        return Reflect.get(realOf(this)!, symbol) as unknown;
      },
    });
  }
  if (internals.length === 0) exchangeInGlobals(realOf);
}

function exchangeInGlobals(realOf: RealOf): void {
  const exchange = (parameters: unknown[]): unknown[] => {
    const real = realOf(parameters[0]);
    return real === undefined ? parameters : [real, ...parameters.slice(1)];
  };
  // Proxies keep everything else: prototype, names, `instanceof`, classes derived from Request.
  globalThis.Request = new Proxy(Request, {
    construct: (target, parameters, newTarget) =>
      Reflect.construct(target, exchange(parameters), newTarget) as object,
  });
  globalThis.fetch = new Proxy(fetch, {
    apply: (target, self, parameters) =>
      Reflect.apply(target, self, exchange(parameters)) as Promise<Response>,
  });
}
