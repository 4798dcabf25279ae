// The little templating that these pages need: a tag that escapes what is put in, and the frame of every page.

const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

class Markup {
  constructor(text) {
    this.text = text;
  }
}

function render(value) {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(render).join('');
  return String(value ?? '').replace(/[&<>"']/g, (character) => entities[character]);
}

/** html`<b>${anything}</b>`: strings are escaped, results of html`…` and arrays of them are not. */
export function html(strings, ...values) {
  return new Markup(String.raw({ raw: strings }, ...values.map(render)));
}

export function page(title, content) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="icon" href="/static/logo.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/static/style.css" />
      </head>
      <body>
        <header>
          <a href="/"><img src="/static/logo.svg" alt="" width="28" height="28" /> Express example</a>
        </header>
        <main>
          <h1>${title}</h1>
          ${content}
        </main>
      </body>
    </html>`.text;
}

/** The data for programs (curl included), a page around it for browsers. */
export function answer(res, title, data, content) {
  res.format({
    json: () => res.json(data),
    html: () => res.send(page(title, content ?? html`<pre>${JSON.stringify(data, null, 2)}</pre>`)),
  });
}
