import { headers, render } from './page.mjs';

export default {
  fetch(request) {
    return new Response(render(request.url.slice(request.url.indexOf('/', 8))), { headers });
  },
};
