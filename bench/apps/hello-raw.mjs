// Hello in raw style, for lsnode.
import { raw } from 'lsapi';

const headers = { 'Content-Type': 'text/plain' };
export default raw((request, response) => {
  response.send(200, headers, 'Hello, World!');
});
