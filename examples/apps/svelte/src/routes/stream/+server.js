import { setTimeout as delay } from 'node:timers/promises';

export function GET() {
  const text = new ReadableStream({
    async start(controller) {
      const encoder = new TextEncoder();
      for (let line = 1; line <= 5; line++) {
        await delay(10);
        controller.enqueue(encoder.encode(`line ${line}\n`));
      }
      controller.close();
    },
  });
  return new Response(text, { headers: { 'Content-Type': 'text/plain; charset=utf-8' } });
}
