import { raw } from 'lsapi';
import { headers, render } from './page.mjs';

export default raw((request, response) => {
  response.send(200, headers, render(request.url));
});
