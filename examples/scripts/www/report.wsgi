// Any suffix will do that is mapped to lsnode. An ES module by its syntax, in the fetch style.
export default {
  fetch(request, { client, env }) {
    return Response.json({ url: request.url, pathInfo: env.PATH_INFO ?? '', client: client.address });
  },
};
