// Hello by Express: by `node` itself on BENCH_ADDRESS, or under lsnode.
import express from 'express';

const app = express();
app.get('/catalogue/:page', (request, response) => {
  response.send('Hello, World!');
});
app.listen(process.env.BENCH_ADDRESS ?? 3000);
