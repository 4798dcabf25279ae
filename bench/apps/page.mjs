// A page of 10 KB with 12 headers, as an app renders it: the text is made anew for each request.
const paragraph =
  '<p>The quick brown fox jumps over the lazy dog, and nobody in the village minds at all.</p>\n';
const middle = paragraph.repeat(Math.floor((10_000 - 88) / paragraph.length));

export const headers = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'private, max-age=0, must-revalidate',
  'Content-Language': 'en',
  'Content-Security-Policy': "default-src 'self'; img-src 'self' data:; object-src 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Last-Modified': 'Tue, 03 Mar 2026 10:00:00 GMT',
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'Set-Cookie': 'session=9f86d081884c7d659a2feaa0c55ad015; Path=/; HttpOnly; Secure; SameSite=Lax',
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
  Vary: 'Accept-Encoding, Cookie',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'SAMEORIGIN',
};

export function render(target) {
  return `<!doctype html><html><head><title>${target}</title></head><body>\n${middle}</body></html>\n`;
}
