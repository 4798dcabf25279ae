import { inspect } from 'node:util';
import * as workerThreads from 'node:worker_threads';
import { isArrayBuffer, isUint8Array } from 'node:util/types';
import { JSON_TYPE, readHead, TEXT_TYPE } from './response-head.js';
import { type ReadyBody, ResponseState } from './response-state.js';

/** Responses cannot be sent to other threads; Node 20 does not say so. */
const { markAsUncloneable } = workerThreads as { markAsUncloneable?: (value: object) => void };

/** Has a class define its private fields in an object that is there already. */
const Given = function (target: object): object {
  return target;
} as unknown as new (target: object) => object;

/**
 * The mark of a light Response: its state, in a private field, so that it can neither be seen nor copied. The object
 * itself is as the platform's: same prototype, no properties of its own.
 */
class Light extends Given {
  readonly #state: ResponseState;

  constructor(target: object, state: ResponseState) {
    super(target);
    this.#state = state;
    markAsUncloneable?.(target);
  }

  static stateOf(value: unknown): ResponseState | undefined {
    return typeof value === 'object' && value !== null && #state in value ? value.#state : undefined;
  }
}

/** The state of a Response that has not come from the platform; undefined for anything else. */
export const stateOf: (value: unknown) => ResponseState | undefined = Light.stateOf.bind(Light);

/** The platform's class, once ours stands in its place. */
let replaced: typeof Response | undefined;
let installed = false;

/**
 * Lets `new Response()` and `Response.json()` make light Responses: the platform's, with their Headers and streams, cost
 * several times as much as all the rest of an answer. A light one becomes the platform's, inside, where anything but
 * text, bytes and plain headers is concerned; what it is given that is not of the most ordinary kind is left to the
 * platform at once.
 *
 * Both kinds have the platform's prototype, whose properties tell them apart: so it does not matter which of the two a
 * program has got, nor whether it took hold of `Response` before or after this.
 *
 * @returns the platform's own class; undefined where the app has put another one in its place, which is left alone
 */
export function installResponse(): typeof Response | undefined {
  if (installed) return replaced;
  installed = true;
  const platform = Response;
  if (!isPlatform(platform)) return undefined;
  const light = lightResponse(platform);
  adaptPrototype(platform.prototype, light);
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, 'Response')!;
  Object.defineProperty(globalThis, 'Response', { ...descriptor, value: light });
  replaced = platform;
  return platform;
}

/** Whether it is Node's, and not frozen: what an app has put in its place, it is to keep. */
function isPlatform({ prototype }: typeof Response): boolean {
  return (
    Object.hasOwn(prototype, inspect.custom) &&
    Object.getPrototypeOf(prototype) === Object.prototype &&
    !Object.isFrozen(prototype)
  );
}

function lightResponse(platform: typeof Response): typeof Response {
  const build = (body: ReadyBody, init: ResponseInit): Response => new platform(body, init);

  // A function, since a class cannot have the prototype of another one.
  function light(this: object, body?: unknown, init?: unknown): object {
    /* eslint-disable prefer-rest-params -- as they are: the platform tells nothing from undefined here and there */
    if (new.target !== light) return constructOther(platform, arguments, new.target);
    const ready = readyBody(body);
    if (ready !== undefined) {
      const type = typeof body === 'string' ? TEXT_TYPE : undefined;
      const other = stateOf(init);
      const head =
        other === undefined ? readHead(init, ready !== null, type) : other.headFor(ready !== null, type);
      if (head !== undefined) {
        new Light(this, new ResponseState(build, ready, head));
        return this;
      }
    }
    return Reflect.construct(platform, arguments) as Response;
    /* eslint-enable prefer-rest-params */
  }

  const { prototype } = platform;
  const { json, ...rest } = Object.getOwnPropertyDescriptors(platform);
  Object.defineProperties(light, rest);
  Object.defineProperty(light, 'json', {
    ...json,
    value: alike(json.value as Method, function (this: unknown, ...parameters: unknown[]): unknown {
      const [data, init] = parameters;
      // The platform fails with null there.
      const head = init === null ? undefined : readHead(init, true, JSON_TYPE);
      const text = head && (JSON.stringify(data) as string | undefined);
      if (text === undefined) return Reflect.apply(json.value as Method, platform, parameters);
      return new Light(Object.create(prototype) as object, new ResponseState(build, text, head!));
    }),
  });
  return light as unknown as typeof Response;
}

/** For classes that are derived from Response, and Proxies of it. */
function constructOther(platform: typeof Response, parameters: ArrayLike<unknown>, target: unknown): object {
  if (target === undefined) throw new TypeError("Class constructor Response cannot be invoked without 'new'");
  return Reflect.construct(platform, parameters, target as typeof Response) as object;
}

/** Undefined for bodies that are no text and no bytes, or bytes that others may change or take away. */
function readyBody(body: unknown): ReadyBody | undefined {
  if (typeof body === 'string') return body;
  if (body === undefined || body === null) return null;
  if (isUint8Array(body)) return isOrdinary(body.buffer) ? new Uint8Array(body) : undefined;
  return isArrayBuffer(body) && isOrdinary(body) ? new Uint8Array(body.slice(0)) : undefined;
}

function isOrdinary(buffer: ArrayBufferLike): boolean {
  // Resizable ones are known from Node 20 on, detached ones from Node 21; these have no bytes.
  return (
    isArrayBuffer(buffer) && (buffer as { resizable?: boolean }).resizable !== true && buffer.byteLength > 0
  );
}

/** Has the prototype's properties look at the state of light Responses, and do for others what they did. */
function adaptPrototype(prototype: Response, constructor: typeof Response): void {
  for (const key of Reflect.ownKeys(prototype)) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, key)!;
    const { value, get } = descriptor as { value?: unknown; get?: () => unknown };
    if (key === 'constructor') descriptor.value = constructor;
    else if (get !== undefined) descriptor.get = adaptedGetter(key, get);
    else if (typeof value === 'function') descriptor.value = adaptedMethod(prototype, key, value as Method);
    Object.defineProperty(prototype, key, descriptor);
  }
}

/** Properties that states have. */
const KNOWN = [
  ...(['status', 'statusText', 'ok', 'headers', 'body', 'bodyUsed'] as const),
  ...(['type', 'url', 'redirected'] as const),
];

type Method = (this: unknown, ...parameters: unknown[]) => unknown;

function adaptedGetter(key: string | symbol, get: () => unknown): () => unknown {
  const known = KNOWN.find((name) => name === key);
  return alike(get, function (this: unknown): unknown {
    const state = stateOf(this);
    if (state === undefined) return Reflect.apply(get, this, []);
    return known === undefined ? Reflect.apply(get, state.real(), []) : state[known];
  });
}

function adaptedMethod(prototype: Response, key: string | symbol, method: Method): Method {
  if (key === 'clone') {
    return alike(method, function (this: unknown, ...parameters: unknown[]): unknown {
      const clone = stateOf(this)?.clone();
      if (clone !== undefined) return new Light(Object.create(prototype) as object, clone);
      return Reflect.apply(method, stateOf(this)?.real() ?? this, parameters);
    });
  }
  return alike(method, function (this: unknown, ...parameters: unknown[]): unknown {
    return Reflect.apply(method, stateOf(this)?.real() ?? this, parameters);
  });
}

/** With the name and the length of another function. */
function alike<T extends (...parameters: never[]) => unknown>(
  original: { name: string; length: number },
  made: T,
): T {
  for (const key of ['name', 'length'] as const) {
    Object.defineProperty(made, key, Object.getOwnPropertyDescriptor(original, key)!);
  }
  return made;
}
