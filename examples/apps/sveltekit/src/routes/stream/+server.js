export function GET() {
  const encoder = new TextEncoder();
  const body = new ReadableStream({
    start(controller) {
      for (const part of ['part 1\n', 'part 2\n', 'end\n']) controller.enqueue(encoder.encode(part));
      controller.close();
    },
  });
  return new Response(body, { headers: { 'Content-Type': 'text/plain' } });
}
