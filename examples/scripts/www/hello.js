// CommonJS, a plain request listener. req.url begins behind the script.
let count = 0;

exports.application = (req, res) => {
  res.setHeader('Content-Type', 'text/plain; charset=utf-8');
  res.end(`Hello from ${req.baseUrl}, at ${req.url}: request ${++count} of process ${process.pid}\n`);
};

// WSGICallableObject can name another export.
exports.admin = (req, res) => res.end('admin\n');
