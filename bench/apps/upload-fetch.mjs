// Takes a body and answers how many bytes it had.
export default {
  async fetch(request) {
    let bytes = 0;
    for await (const chunk of request.body) bytes += chunk.length;
    return new Response(String(bytes), { headers: { 'Content-Type': 'text/plain' } });
  },
};
