// Hello in WSGI style, for lsnode.
import { wsgi } from 'lsapi';

const headers = [['Content-Type', 'text/plain']];
export default wsgi((environ, startResponse) => {
  startResponse('200 OK', headers);
  return ['Hello, World!'];
});
