/** An error that the error page shows to the client with this status and message. */
export class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
  }
}

/** A whole number from the query string, or 400. */
export function integer(req, name, { fallback, max }) {
  const text = req.query[name];
  if (text === undefined) return fallback;
  const value = typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!(value <= max)) throw new HttpError(400, `"${name}" must be a whole number from 0 to ${max}.`);
  return value;
}
