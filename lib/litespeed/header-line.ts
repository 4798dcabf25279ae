/**
 * A response header as name and value, the form that every style takes: `response.setHeader(...line)`,
 * `new Response(body, { headers: [line] })`, `startResponse('200 OK', [line])`, `response.send(200, [line], body)`.
 */
export type HeaderLine = readonly [name: string, value: string];
