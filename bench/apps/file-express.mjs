// A large file, BENCH_FILE, by Express' sendFile().
import express from 'express';

const app = express();
app.get('/catalogue/:page', (request, response) => {
  response.sendFile(process.env.BENCH_FILE);
});
app.listen(process.env.BENCH_ADDRESS ?? 3000);
