import { createHash } from 'node:crypto';
import { Router } from 'express';
import multer from 'multer';
import { HttpError } from '../http-error.js';
import { answer, html, page } from '../html.js';

const router = Router();

/** Reads a stream to its end and keeps only its size and digest: memory stays flat whatever comes. */
async function summarise(stream) {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** A multer storage that stores nothing. An application would write `file.stream` to a disk or a bucket here. */
const digestStorage = {
  _handleFile(req, file, done) {
    summarise(file.stream).then((summary) => done(null, summary), done);
  },
  _removeFile(req, file, done) {
    done(null);
  },
};

const multipart = multer({
  storage: digestStorage,
  limits: { fileSize: Number(process.env.UPLOAD_LIMIT ?? 512 * 1024 * 1024), files: 10 },
}).array('file');

/** What multer and its parser refuse is the client's mistake, though their errors carry no status. */
function receiveFiles(req, res, next) {
  multipart(req, res, (error) => {
    next(error && new HttpError(error.code === 'LIMIT_FILE_SIZE' ? 413 : 400, error.message));
  });
}

router.get('/upload', (req, res) => {
  res.send(
    page(
      'File upload',
      html`
        <form method="post" action="/upload" enctype="multipart/form-data">
          <label>Files <input type="file" name="file" multiple required /></label>
          <label>Note <input name="note" /></label>
          <button>Upload</button>
        </form>
      `,
    ),
  );
});

router.post('/upload', receiveFiles, (req, res) => {
  const files = (req.files ?? []).map(({ originalname, mimetype, bytes, sha256 }) => ({
    name: originalname,
    type: mimetype,
    bytes,
    sha256,
  }));
  answer(res, 'Uploaded', { fields: req.body ?? {}, files });
});

router.put('/upload/raw', async (req, res) => {
  res.json(await summarise(req));
});

export default router;
