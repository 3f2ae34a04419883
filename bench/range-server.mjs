// Serves one file by byte ranges on a port of its own, as a model host does: another origin than the page's, with CORS.
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';

/** @param {string} path @returns {Promise<{ url: string, close(): void }>} */
export async function serveRanges(path) {
  const { size } = statSync(path);
  const headers = {
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Headers': 'Range',
    'Access-Control-Expose-Headers': 'Content-Range, Content-Length',
    'Accept-Ranges': 'bytes',
    'Content-Type': 'application/octet-stream',
  };
  const server = createServer((request, response) => {
    if (request.method === 'OPTIONS') {
      response.writeHead(204, headers).end();
      return;
    }
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const [start, end] = range ? [Number(range[1]), Math.min(Number(range[2]), size - 1)] : [0, size - 1];
    response.writeHead(range ? 206 : 200, {
      ...headers,
      'Content-Length': end - start + 1,
      ...(range && { 'Content-Range': `bytes ${start}-${end}/${size}` }),
    });
    createReadStream(path, { start, end }).pipe(response);
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${server.address().port}/model.gguf`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
