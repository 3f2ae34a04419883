// A stand-in for the Hugging Face Hub on loopback: search, file lists, and files with ranges, LFS hashes and a redirect
// to a CDN on another origin, as https://huggingface.co/docs/hub/api documents them; the rows of data sets, as
// https://huggingface.co/docs/dataset-viewer does; and what can go wrong, on demand.
// Usage: node e2e/hub-stand-in.mjs [PORT]   serves a small random GGUF and the bundled model
import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRandomModel } from '../src/inference/testing/random-model.mjs';

/**
 * @typedef {object} Fault what goes wrong with requests that it matches
 * @property {'api' | 'resolve' | 'cdn'} on
 * @property {RegExp} [path] only there
 * @property {number} [times] then no more; always where absent
 * @property {number} [after] so many matching requests are spared first
 * @property {number} [status] answered instead
 * @property {Record<string, string>} [headers] beside it
 * @property {string} [etag] another one than the content's
 * @property {number} [delayMs] before anything is sent
 * @property {number} [stallAfterBytes] then nothing more comes, and the connection stays
 * @property {number} [cutAfterBytes] then the connection is cut
 * @property {number} [bytesPerSecond]
 * @property {boolean} [noRange] the whole file whatever is asked
 * @property {boolean} [hideRange] scripts are not allowed to see `Content-Range`
 * @property {boolean} [html] a page instead of data, with status 200
 * @property {boolean} [flip] one bit of the body is wrong
 *
 * @typedef {{ bytes: Uint8Array } | { paths: readonly string[] }} Content in memory, or files one after the other
 * @typedef {{ content: Content, size: number, sha256: string }} Entry
 * @typedef {{ method: string, on: 'api' | 'resolve' | 'cdn', path: string, range: string | undefined, status: number,
 *   sentBytes: number }} Seen
 */

const EXPOSED =
  'X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,ETag,Link,Accept-Ranges,Content-Range,X-Linked-Size,X-Linked-ETag,Retry-After';
const PAGE = '<!doctype html><title>Start</title>';

/** @param {Content} content @param {number} start @param {number} end @returns {AsyncGenerator<Uint8Array>} */
async function* read(content, start, end) {
  if ('bytes' in content) {
    for (let at = start; at < end; at += 65_536) yield content.bytes.subarray(at, Math.min(end, at + 65_536));
    return;
  }
  let before = 0;
  for (const path of content.paths) {
    const { size } = statSync(path);
    const from = Math.max(0, start - before);
    const to = Math.min(size, end - before);
    if (from < to) yield* createReadStream(path, { start: from, end: to - 1 });
    before += size;
  }
}

/** Until there is room, or nobody to send to. @param {import('node:http').ServerResponse} response */
function waitForDrain(response) {
  return new Promise((resolve) => {
    const go = () => {
      response.off('drain', go).off('close', go);
      resolve(undefined);
    };
    response.on('drain', go).on('close', go);
  });
}

/** @param {Content} content @returns {Promise<Entry>} */
async function describe(content) {
  const size =
    'bytes' in content
      ? content.bytes.length
      : content.paths.reduce((sum, path) => sum + statSync(path).size, 0);
  const hash = createHash('sha256');
  for await (const chunk of read(content, 0, size)) hash.update(chunk);
  return { content, size, sha256: hash.digest('hex') };
}

/**
 * @param {Record<string, Content>} files by `owner/name/path`
 * @param {{ port?: number, xet?: boolean, pageSize?: number,
 *   datasets?: Record<string, readonly Record<string, unknown>[]> }} [options] `xet`: the Hub itself tells of a file where
 *   it is asked for that media type, as for files in its newer store; `datasets`: rows by `owner/name`
 */
export async function startHub(files, { port = 0, xet = false, pageSize = 1000, datasets = {} } = {}) {
  /** @type {Map<string, Entry>} */
  const entries = new Map();
  for (const [name, content] of Object.entries(files)) entries.set(name, await describe(content));
  /** @type {(Fault & { seen: number })[]} */
  const faults = [];
  /** @type {Seen[]} */
  const requests = [];
  const repoOf = (/** @type {string} */ name) => name.split('/').slice(0, 2).join('/');

  /** @param {'api' | 'resolve' | 'cdn'} on @param {string} path @returns {Partial<Fault>} */
  function takeFault(on, path) {
    /** @type {Partial<Fault>} */
    let all = {};
    for (const fault of faults) {
      if (fault.on !== on || (fault.path && !fault.path.test(path))) continue;
      const number = fault.seen++ - (fault.after ?? 0);
      if (number >= 0 && number < (fault.times ?? Infinity)) all = { ...all, ...fault };
    }
    return all;
  }

  /** @type {import('node:http').RequestListener} */
  const answer = async (request, response) => {
    const url = new URL(request.url ?? '/', hubUrl);
    const path = decodeURIComponent(url.pathname);
    const isDataset = path === '/splits' || path === '/rows';
    const on = path.startsWith('/api/') || isDataset ? 'api' : path.startsWith('/cdn/') ? 'cdn' : 'resolve';
    const { range } = request.headers;
    /** @type {Seen} */
    const seen = { method: request.method ?? '', on, path, range, status: 0, sentBytes: 0 };
    requests.push(seen);
    const fault = takeFault(on, path);
    /** @param {number} status @param {Record<string, string | number>} [headers] */
    const writeHead = (status, headers = {}) => {
      seen.status = status;
      response.writeHead(status, {
        'Access-Control-Allow-Origin': '*',
        'Access-Control-Allow-Headers': '*',
        'Access-Control-Expose-Headers': fault.hideRange ? EXPOSED.replace('Content-Range,', '') : EXPOSED,
        ...headers,
        ...fault.headers,
      });
      return response;
    };
    if (fault.delayMs) await sleep(fault.delayMs);
    if (request.method === 'OPTIONS') return void writeHead(204).end();
    if (fault.html) return void writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(PAGE);
    if (fault.status) return void writeHead(fault.status).end('{"error":"asked for"}');
    if (isDataset) answerDataset(url, path, writeHead);
    else if (on === 'api') answerApi(url, path, writeHead);
    else await answerFile(request, path, on, fault, seen, writeHead);
  };

  /** @param {URL} url @param {string} path @param {(status: number, headers?: Record<string, string>) => any} writeHead */
  function answerDataset(url, path, writeHead) {
    const json = { 'Content-Type': 'application/json' };
    const dataset = url.searchParams.get('dataset') ?? '';
    const all = datasets[dataset];
    if (!all) {
      return writeHead(404, json).end('{"error":"The dataset does not exist on the Hub."}');
    }
    if (path === '/splits') {
      const split = { dataset, config: 'main', split: 'test' };
      return writeHead(200, json).end(JSON.stringify({ splits: [split], pending: [], failed: [] }));
    }
    const offset = Number(url.searchParams.get('offset'));
    const length = Math.min(100, Number(url.searchParams.get('length')));
    const rows = all
      .slice(offset, offset + length)
      .map((row, index) => ({ row_idx: offset + index, row, truncated_cells: [] }));
    writeHead(200, json).end(JSON.stringify({ features: [], rows, num_rows_total: all.length }));
  }

  /** @param {URL} url @param {string} path @param {(status: number, headers?: Record<string, string>) => any} writeHead */
  function answerApi(url, path, writeHead) {
    const json = { 'Content-Type': 'application/json; charset=utf-8' };
    const repos = [...new Set([...entries.keys()].map(repoOf))];
    if (path === '/api/models') {
      const words = (url.searchParams.get('search') ?? '').toLowerCase().split(/\s+/);
      const found = repos.filter((repo) => words.every((word) => repo.toLowerCase().includes(word)));
      const models = found.map((id, index) => ({
        _id: String(index).padStart(24, '0'),
        id,
        private: false,
        gated: false,
        likes: 3,
        downloads: 1000 - index,
        lastModified: '2024-05-27T00:00:00.000Z',
        pipeline_tag: 'text-generation',
      }));
      return writeHead(200, json).end(JSON.stringify(models));
    }
    const tree = /^\/api\/models\/([^/]+\/[^/]+)\/tree\/([^/]+)/.exec(path);
    const repo = tree?.[1] ?? '';
    // The Hub does not tell strangers whether a repo is missing or private.
    if (!repos.includes(repo)) {
      return writeHead(401, { ...json, 'X-Error-Code': 'RepoNotFound' }).end(
        '{"error":"Invalid username or password."}',
      );
    }
    const all = [...entries].filter(([name]) => repoOf(name) === repo);
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const items = all.slice(from, from + pageSize).map(([name, { size, sha256 }]) => ({
      type: 'file',
      oid: sha256.slice(0, 40),
      size,
      path: name.slice(repo.length + 1),
      lfs: { oid: sha256, size, pointerSize: 135 },
    }));
    const next = new URL(url);
    next.searchParams.set('cursor', String(from + pageSize));
    const link = from + pageSize < all.length ? { Link: `<${next.href}>; rel="next"` } : {};
    return writeHead(200, { ...json, ...link }).end(JSON.stringify(items));
  }

  /**
   * @param {import('node:http').IncomingMessage} request @param {string} path @param {'resolve' | 'cdn'} on
   * @param {Partial<Fault>} fault @param {Seen} seen
   * @param {(status: number, headers?: Record<string, string | number>) => import('node:http').ServerResponse} writeHead
   */
  async function answerFile(request, path, on, fault, seen, writeHead) {
    const name = path
      .replace(/^\/cdn\//, '/')
      .replace(/^\/([^/]+\/[^/]+)\/resolve\/[^/]+\//, '/$1/')
      .slice(1);
    const entry = entries.get(name);
    if (!entry) {
      writeHead(404, { 'X-Error-Code': 'EntryNotFound', 'X-Error-Message': 'Entry not found' }).end();
      return;
    }
    const { content, size, sha256 } = entry;
    const linked = { 'X-Linked-ETag': `"${sha256}"`, 'X-Linked-Size': size, 'X-Repo-Commit': '0'.repeat(40) };
    if (on === 'resolve') {
      if (xet && request.headers.accept?.includes('xet-fileinfo')) {
        writeHead(200, { ...linked, 'Content-Type': 'application/vnd.xet-fileinfo+json' }).end('{}');
      } else {
        // Relative to no one: a CDN is another origin.
        writeHead(302, {
          ...linked,
          Location: `${cdnUrl}/cdn/${name.split('/').map(encodeURIComponent).join('/')}`,
        }).end();
      }
      return;
    }
    const asked = fault.noRange ? null : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const start = asked ? Number(asked[1]) : 0;
    const end = asked?.[2] ? Math.min(size, Number(asked[2]) + 1) : size;
    if (start >= end) {
      writeHead(416, { 'Content-Range': `bytes */${size}` }).end();
      return;
    }
    const response = writeHead(asked ? 206 : 200, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': end - start,
      // Not the hash of the content: S3 has its own.
      ETag: fault.etag ?? `"${sha256.slice(0, 32)}-1"`,
      ...(asked && { 'Content-Range': `bytes ${start}-${end - 1}/${size}`, 'Accept-Ranges': 'bytes' }),
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const most = Math.min(fault.cutAfterBytes ?? Infinity, fault.stallAfterBytes ?? Infinity);
    for await (const chunk of read(content, start, end)) {
      if (response.destroyed) return;
      let part = chunk.subarray(0, most - seen.sentBytes);
      if (fault.flip && seen.sentBytes === 0) {
        part = Uint8Array.from(part);
        part[0] = (part[0] ?? 0) ^ 1;
      }
      if (fault.bytesPerSecond) await sleep((part.length / fault.bytesPerSecond) * 1000);
      seen.sentBytes += part.length;
      if (!response.write(part)) await waitForDrain(response);
      if (seen.sentBytes < most) continue;
      if (fault.cutAfterBytes === undefined) return;
      await sleep(5);
      response.destroy();
      return;
    }
    response.end();
  }

  const servers = [createServer(answer), createServer(answer)];
  const urls = await Promise.all(
    servers.map(
      (server, index) =>
        /** @type {Promise<string>} */ (
          new Promise((resolve, reject) => {
            server.once('error', reject);
            server.listen(index === 0 ? port : 0, '127.0.0.1', () => {
              const address = server.address();
              resolve(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`);
            });
          })
        ),
    ),
  );
  const [hubUrl = '', cdnUrl = ''] = urls;

  return {
    url: hubUrl,
    requests,
    /** The URL of a file. @param {string} name `owner/name/path` */
    fileUrl: (name) => `${hubUrl}/${repoOf(name)}/resolve/main/${name.slice(repoOf(name).length + 1)}`,
    /** @param {string} name */
    sha256: (name) => entries.get(name)?.sha256 ?? '',
    /** From now on. @param {Fault} fault */
    fail: (fault) => void faults.push({ ...fault, seen: 0 }),
    heal: () => void faults.splice(0),
    /** Another content under an old name. @param {string} name @param {Content} content */
    replace: async (name, content) => void entries.set(name, await describe(content)),
    async close() {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

/** The bundled model as one file of the Hub, and a random one of a few hundred kilobytes. */
export function listBundledFiles() {
  const folder = fileURLToPath(new URL('../static-models/smollm2-135m-instruct-q4_1', import.meta.url));
  const shards = readdirSync(folder).filter((name) => name.endsWith('.bin'));
  return {
    'stand-in/SmolLM2-135M-Instruct-GGUF/SmolLM2-135M-Instruct.Q4_1.gguf': {
      paths: shards.sort().map((name) => join(folder, name)),
    },
    'stand-in/random-GGUF/random.Q4_0.gguf': { bytes: createRandomModel({ type: 'Q4_0' }) },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const hub = await startHub(listBundledFiles(), { port: Number(process.argv[2] ?? 4180) });
  console.log(hub.url);
}
