/**
 * Gives a class the properties of a platform's class that it has not itself: each does what it does for the platform's
 * object that an instance stands for.
 *
 * @param prototype - of the class; it becomes one of the platform's too
 * @param realOf - finds the platform's object for an instance
 */
export function standIn(prototype: object, platform: object, realOf: (value: unknown) => object): void {
  Object.setPrototypeOf(prototype, platform);
  for (const key of Reflect.ownKeys(platform)) {
    if (key !== 'constructor' && Object.hasOwn(prototype, key)) continue;
    const descriptor = Object.getOwnPropertyDescriptor(platform, key)!;
    Object.defineProperty(
      prototype,
      key,
      key === 'constructor' ? descriptor : delegating(key, descriptor, realOf),
    );
  }
}

function delegating(
  key: string | symbol,
  descriptor: PropertyDescriptor,
  realOf: (value: unknown) => object,
): PropertyDescriptor {
  const { value, get } = descriptor as { value?: unknown; get?: () => unknown };
  if (get !== undefined) {
    return {
      ...descriptor,
      get(this: unknown) {
        return Reflect.get(realOf(this), key) as unknown;
      },
    };
  }
  if (typeof value !== 'function') return descriptor;
  return {
    ...descriptor,
    value(this: unknown, ...parameters: unknown[]): unknown {
      return Reflect.apply(value, realOf(this), parameters);
    },
  };
}
