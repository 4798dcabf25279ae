// JSON in, the same JSON out, by way of an object.
import { raw } from 'lsapi';

const headers = { 'Content-Type': 'application/json' };
export default raw(async (request, response) => {
  const chunks = [];
  for await (const chunk of request.body) chunks.push(chunk);
  const value = JSON.parse(Buffer.concat(chunks).toString());
  response.send(200, headers, JSON.stringify(value));
});
