import { BYTES, parts } from './download.mjs';

export default {
  fetch() {
    const iterator = parts();
    const body = new ReadableStream({
      pull(controller) {
        const { done, value } = iterator.next();
        if (done) controller.close();
        else controller.enqueue(new Uint8Array(value.buffer, value.byteOffset, value.length).slice());
      },
    });
    return new Response(body, {
      headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': String(BYTES) },
    });
  },
};
