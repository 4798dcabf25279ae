// Takes a body and answers how many bytes it had.
import { raw } from 'lsapi';

const headers = { 'Content-Type': 'text/plain' };
export default raw(async (request, response) => {
  let bytes = 0;
  for await (const chunk of request.body) bytes += chunk.length;
  response.send(200, headers, String(bytes));
});
