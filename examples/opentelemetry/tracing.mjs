// OpenTelemetry for apps behind lsnode: a server span for each request, in all handler styles. See README.md.
import { AsyncLocalStorage } from 'node:async_hooks';
import { channel, subscribe } from 'node:diagnostics_channel';

/** Holds the active context of OpenTelemetry, through all that a request begins. */
const store = new AsyncLocalStorage();
// Kept: a channel that nobody holds may be forgotten.
const requestStart = channel('lsapi.request.start');
/** The span of each request in progress. */
const spans = new WeakMap();

/**
 * The context manager to be registered, by `contextManager` of the NodeSDK's options or
 * `context.setGlobalContextManager()`: it lets the channel put a request's context in place.
 *
 * @param api - `@opentelemetry/api`
 */
export function contextManager(api) {
  return {
    active: () => store.getStore() ?? api.ROOT_CONTEXT,
    with: (context, callback, receiver, ...parameters) =>
      store.run(context, () => Reflect.apply(callback, receiver, parameters)),
    bind: (context, target) =>
      typeof target === 'function'
        ? (...parameters) => store.run(context, () => target(...parameters))
        : target,
    enable() {
      return this;
    },
    disable() {
      return this;
    },
  };
}

/**
 * Begins a span with each request, the caller's trace going on in it, and ends it with the answer.
 *
 * @param api - `@opentelemetry/api`
 */
export function traceRequests(api) {
  const tracer = api.trace.getTracer('lsapi');
  const headers = {
    keys: () => api.propagation.fields(),
    get: (request, name) => request.header(name.toLowerCase()),
  };
  requestStart.bindStore(store, (request) => {
    const caller = api.propagation.extract(api.ROOT_CONTEXT, request, headers);
    const [path, query] = request.url.split(/\?(.*)/s);
    const attributes = {
      'http.request.method': request.method,
      'url.path': path,
      'client.address': request.env('REMOTE_ADDR'),
      'user_agent.original': request.header('user-agent'),
    };
    if (query !== undefined) attributes['url.query'] = query;
    const span = tracer.startSpan(request.method, { kind: api.SpanKind.SERVER, attributes }, caller);
    spans.set(request, span);
    return api.trace.setSpan(caller, span);
  });
  subscribe('lsapi.request.end', (request) => {
    const span = spans.get(request);
    if (span === undefined) return;
    if (request.status !== undefined) span.setAttribute('http.response.status_code', request.status);
    if (request.aborted || request.status >= 500) span.setStatus({ code: api.SpanStatusCode.ERROR });
    span.end();
  });
}
