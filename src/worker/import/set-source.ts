import * as v from 'valibot';
import { badInput, FaultError, toFault } from '../../domain/fault';
import { MAX_TEXT_CHARACTERS } from '../../domain/formats/limits';
import { listDrawnPlaces } from '../../domain/formats/lm-eval/few-shot';
import { readTask } from '../../domain/formats/lm-eval/task';
import type { Row, SomeRows } from '../../domain/formats/rows';
import { parseJsonWith } from '../../domain/parse';
import type { HubSplit } from '../../domain/sets/set-address';

/** The Hub's own service that reads data sets as JSON. */
const HUB_ROWS_URL = 'https://datasets-server.huggingface.co/';
/** As many as the service gives at once. */
const PAGE_ROWS = 100;

const name = v.pipe(v.string(), v.maxLength(300));
const splitsSchema = v.object({
  splits: v.pipe(v.array(v.object({ dataset: name, config: name, split: name })), v.maxLength(5_000)),
});
const pageSchema = v.object({
  rows: v.pipe(v.array(v.object({ row: v.record(v.string(), v.unknown()) })), v.maxLength(PAGE_ROWS)),
  num_rows_total: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
});
const errorSchema = v.object({ error: v.pipe(v.string(), v.maxLength(2_000)) });

/** What a host says by its status, and the page has words for. */
const KNOWN_STATUSES = new Set([401, 403, 404, 429]);

/**
 * Reads a text, at most `maxBytes` of it. Only a worker may: the page's own policy lets it ask no other host.
 * @throws FaultError `download` with a status that says why; `bad-input` for a host that cannot be read at all, one that
 *   answers with another status, and a text that is too large
 */
export async function fetchText(
  url: URL,
  signal?: AbortSignal,
  maxBytes = MAX_TEXT_CHARACTERS,
): Promise<string> {
  const isSecure = typeof location !== 'undefined' && location.protocol === 'https:';
  if (isSecure && url.protocol === 'http:' && !isLoopback(url)) {
    throw badInput('insecure address', url.host);
  }
  let response: Response;
  try {
    response = await fetch(url, {
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      ...(signal !== undefined && { signal }),
    });
  } catch (error) {
    if (toFault(error).kind === 'stopped') throw error;
    // A browser tells neither a page nor a worker which of the two it is: it cannot be reached, or it forbids it.
    throw badInput('closed host', url.host);
  }
  if (!response.ok) await refuse(url, response);
  const tooLarge = () =>
    badInput('file', `more than ${Math.round(maxBytes / 1024 / 1024)} MB: too large for a set`);
  if (Number(response.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge();
  const parts: string[] = [];
  const decoder = new TextDecoder();
  let bytes = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    bytes += part.value.byteLength;
    if (bytes > maxBytes) {
      await reader?.cancel();
      throw tooLarge();
    }
    parts.push(decoder.decode(part.value, { stream: true }));
  }
  return parts.join('') + decoder.decode();
}

async function refuse(url: URL, response: Response): Promise<never> {
  const { status, headers } = response;
  const detail = await describeAnswer(response);
  if (!KNOWN_STATUSES.has(status)) throw badInput('answer of a host', detail);
  const retryAfterSeconds = Number(headers.get('retry-after') ?? Number.NaN);
  throw new FaultError({
    kind: 'download',
    url: url.href,
    status,
    detail,
    ...(retryAfterSeconds > 0 && { retryAfterSeconds }),
  });
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
}

/** The service says in JSON what is wrong; others only by their status. */
async function describeAnswer(response: Response): Promise<string> {
  const status = `HTTP ${response.status}`;
  try {
    const { error } = parseJsonWith(errorSchema, await response.text(), 'answer');
    return `${status}: ${error}`;
  } catch {
    return status;
  }
}

/** The parts of a data set. @throws FaultError */
export async function listSplits(dataset: string, rowsUrl = HUB_ROWS_URL): Promise<readonly HubSplit[]> {
  const wanted = dataset.trim().replace(/^https:\/\/(www\.)?(huggingface|hf)\.co\/datasets\//, '');
  if (!/^[\w.-]{1,96}(\/[\w.-]{1,96})?$/.test(wanted)) {
    throw badInput('data set', 'expected owner/name, as on huggingface.co/datasets');
  }
  const url = new URL('splits', rowsUrl);
  url.searchParams.set('dataset', wanted);
  const { splits } = parseJsonWith(splitsSchema, await fetchText(url), 'answer of the Hub');
  if (splits.length === 0) throw badInput('data set', 'it has no parts to read');
  return splits;
}

/** The first rows of a part, at most `most`. @throws FaultError */
export async function fetchRows(
  { dataset, config, split }: HubSplit,
  most: number,
  onRows: (count: number) => unknown = () => undefined,
  rowsUrl = HUB_ROWS_URL,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  while (rows.length < most) {
    const length = Math.min(PAGE_ROWS, most - rows.length);
    const page = (await fetchPage({ dataset, config, split }, rows.length, length, rowsUrl)).rows;
    rows.push(...page.map(({ row }) => row));
    await onRows(rows.length);
    if (page.length < length) break;
  }
  return rows;
}

async function fetchPage(part: HubSplit, offset: number, length: number, rowsUrl: string) {
  const url = new URL('rows', rowsUrl);
  const query = { ...part, offset: String(offset), length: String(length) };
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  return parseJsonWith(pageSchema, await fetchText(url), 'answer of the Hub');
}

/** So many requests at most for examples: each is a page of rows. */
const MOST_PAGES = 200;

/**
 * The rows of a part that a task of lm-eval draws the examples of so many questions from, and no more of it than the pages
 * that they are on.
 * @throws FaultError; `bad-input` where that would be too many pages
 */
export async function fetchExamples(
  part: HubSplit,
  task: string,
  questions: number,
  onRows: (count: number) => unknown = () => undefined,
  rowsUrl = HUB_ROWS_URL,
): Promise<SomeRows> {
  const first = await fetchPage(part, 0, PAGE_ROWS, rowsUrl);
  const { num_rows_total: length = first.rows.length } = first;
  const rows = new Map(first.rows.map(({ row }, at) => [at, row] as const));
  const places = listDrawnPlaces(readTask(task), questions, length);
  const pages = [...new Set(places.map((at) => Math.floor(at / PAGE_ROWS)))].filter((page) => page > 0);
  if (pages.length > MOST_PAGES) {
    const pagesToFetch = `${pages.length} pages of ${PAGE_ROWS} rows`;
    throw badInput('examples', `they are drawn from ${pagesToFetch} of ${part.split}: ask fewer questions`);
  }
  for (const page of pages) {
    const offset = page * PAGE_ROWS;
    const found = await fetchPage(part, offset, Math.min(PAGE_ROWS, length - offset), rowsUrl);
    found.rows.forEach(({ row }, at) => rows.set(offset + at, row));
    await onRows(rows.size);
  }
  return { length, rows };
}
