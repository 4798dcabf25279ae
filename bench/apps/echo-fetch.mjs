// JSON in, the same JSON out, by way of an object.
export default {
  async fetch(request) {
    return Response.json(await request.json());
  },
};
