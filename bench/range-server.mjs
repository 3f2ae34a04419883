// Serves one file by byte ranges on a port of its own, as a model host does: another origin than the page's, with CORS.
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { pipeline } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * @param {string} path
 * @param {number} [bytesPerSecond] of all connections together, as a line gives
 * @returns {Promise<{ url: string, sentBytes(): number, close(): void }>} `sentBytes`: of the file, so far, given to the
 *   network
 */
export async function serveRanges(path, bytesPerSecond = Infinity) {
  const { size, mtimeMs } = statSync(path);
  let sentBytes = 0;
  let freeAt = 0;
  const headers = {
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Headers': 'Range',
    'Access-Control-Expose-Headers': 'Content-Range, Content-Length, ETag',
    ETag: `"${size}-${mtimeMs}"`,
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
    // Ends the reading too when the other side goes away.
    pipeline(
      createReadStream(path, { start, end }),
      async function* (chunks) {
        for await (const chunk of chunks) {
          const now = performance.now();
          freeAt = Math.max(now, freeAt) + (chunk.length / bytesPerSecond) * 1000;
          if (freeAt - now > 1) await sleep(freeAt - now);
          sentBytes += chunk.length;
          yield chunk;
        }
      },
      response,
      () => undefined,
    );
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${server.address().port}/model.gguf`,
    sentBytes: () => sentBytes,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
