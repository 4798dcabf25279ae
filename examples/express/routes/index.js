import { Router } from 'express';
import { html, page } from '../html.js';

const router = Router();

router.get('/', (req, res) => {
  const base = `${req.protocol}://${req.get('host')}`;
  res.send(
    page(
      'What a web application does',
      html`
        <section>
          <h2>Data and forms</h2>
          <ul>
            <li><a href="/json?answer=42">GET /json</a> – JSON with the query</li>
            <li>
              POST /json – echoes JSON
              <pre>curl --json '{"a":1}' ${base}/json</pre>
            </li>
            <li><a href="/form">GET /form</a> – a form, which POST /form answers</li>
            <li><a href="/cookies">GET /cookies</a> – counts visits; set and clear cookies there</li>
          </ul>
        </section>
        <section>
          <h2>Uploads</h2>
          <form method="post" action="/upload" enctype="multipart/form-data">
            <label>Files <input type="file" name="file" multiple required /></label>
            <button>Upload</button>
          </form>
          <ul>
            <li>
              POST /upload – size and SHA-256 of each file
              <pre>curl -F file=@FILE ${base}/upload</pre>
            </li>
            <li>
              PUT /upload/raw – the same for a request body, streamed
              <pre>curl -T FILE ${base}/upload/raw</pre>
            </li>
          </ul>
        </section>
        <section>
          <h2>Downloads and streams</h2>
          <ul>
            <li>
              <a href="/download?bytes=10485760">GET /download?bytes=10485760</a> – generated while it is
              sent; 1 GiB unless told otherwise
            </li>
            <li>
              <a href="/download?bytes=10485760&amp;chunked=1">GET /download?bytes=10485760&amp;chunked=1</a>
              – without a length
            </li>
            <li>
              <a href="/stream?chunks=10&amp;interval=500">GET /stream?chunks=10&amp;interval=500</a> – lines
              over time
            </li>
            <li>
              <a href="/events/live">GET /events/live</a> – server-sent events from GET /events, shown live
            </li>
            <li>
              Static files: <a href="/static/style.css">style.css</a>,
              <a href="/static/logo.svg">logo.svg</a>,
              <a href="/static/gradient.png">gradient.png</a>
            </li>
          </ul>
        </section>
        <section>
          <h2>Redirects, errors, the request itself</h2>
          <form method="post" action="/redirect"><button>POST /redirect (303)</button></form>
          <ul>
            <li><a href="/redirect">GET /redirect</a> – 302 to /redirect/landed</li>
            <li><a href="/redirect/308">GET /redirect/308</a> – likewise 301, 302, 303, 307</li>
            <li><a href="/whoami">GET /whoami</a> – what the application knows of this request</li>
            <li><a href="/error">GET /error</a> – the handler throws</li>
            <li><a href="/error/async">GET /error/async</a> – the handler rejects</li>
            <li><a href="/nowhere">GET /nowhere</a> – not found</li>
          </ul>
        </section>
      `,
    ),
  );
});

export default router;
