import * as v from 'valibot';
import { badInput, FaultError, toFault } from '../../domain/fault';
import { MAX_TEXT_CHARACTERS } from '../../domain/formats/limits';
import type { Row } from '../../domain/formats/rows';
import { parseJsonWith } from '../../domain/parse';

/** The Hub's own service that reads data sets as JSON. */
const HUB_ROWS_URL = 'https://datasets-server.huggingface.co/';
/** As many as the service gives at once. */
const PAGE_ROWS = 100;

/** A part of a data set on the Hub. */
export interface HubSplit {
  readonly dataset: string;
  readonly config: string;
  readonly split: string;
}

const name = v.pipe(v.string(), v.maxLength(300));
const splitsSchema = v.object({
  splits: v.pipe(v.array(v.object({ dataset: name, config: name, split: name })), v.maxLength(5_000)),
});
const pageSchema = v.object({
  rows: v.pipe(v.array(v.object({ row: v.record(v.string(), v.unknown()) })), v.maxLength(PAGE_ROWS)),
});
const errorSchema = v.object({ error: v.pipe(v.string(), v.maxLength(2_000)) });

/**
 * Reads a text in the page, at most `maxBytes` of it.
 * @throws FaultError `download` with the status, or where the host lets no page read it; `bad-input` when too large
 */
export async function fetchText(
  url: URL,
  signal: AbortSignal,
  maxBytes = MAX_TEXT_CHARACTERS,
): Promise<string> {
  const fail = (detail: string, status?: number) =>
    new FaultError({ kind: 'download', url: url.href, detail, ...(status !== undefined && { status }) });
  let response: Response;
  try {
    response = await fetch(url, { signal, credentials: 'omit', referrerPolicy: 'no-referrer' });
  } catch (error) {
    if (toFault(error).kind === 'stopped') throw error;
    // A page cannot tell these apart.
    throw fail(`${url.host} cannot be reached, or does not let other pages read this`);
  }
  if (!response.ok) throw fail(await describeAnswer(response), response.status);
  const tooLarge = () =>
    badInput('address', `more than ${Math.round(maxBytes / 1024 / 1024)} MB: too large for a set`);
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

/** An address as a person copies it: of GitHub's page about a file, the file itself. @throws FaultError `bad-input` */
export function readAddress(text: string): URL {
  const trimmed = text.trim();
  const url = URL.canParse(trimmed) ? new URL(trimmed) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw badInput('address', 'expected https://…');
  }
  const [, owner, repo, kind, ...path] = url.pathname.split('/');
  if (url.host === 'github.com' && kind === 'blob') {
    return new URL(`https://raw.githubusercontent.com/${owner}/${repo}/${path.join('/')}`);
  }
  if (url.host === 'huggingface.co') url.pathname = url.pathname.replace('/blob/', '/resolve/');
  return url;
}

/** The parts of a data set. @throws FaultError */
export async function listSplits(
  dataset: string,
  signal: AbortSignal,
  rowsUrl = HUB_ROWS_URL,
): Promise<readonly HubSplit[]> {
  const wanted = dataset.trim().replace(/^https:\/\/(www\.)?(huggingface|hf)\.co\/datasets\//, '');
  if (!/^[\w.-]{1,96}(\/[\w.-]{1,96})?$/.test(wanted)) {
    throw badInput('data set', 'expected owner/name, as on huggingface.co/datasets');
  }
  const url = new URL('splits', rowsUrl);
  url.searchParams.set('dataset', wanted);
  const { splits } = parseJsonWith(splitsSchema, await fetchText(url, signal), 'answer of the Hub');
  if (splits.length === 0) throw badInput('data set', 'it has no parts to read');
  return splits;
}

/** The first rows of a part, at most `most`. @throws FaultError */
export async function fetchRows(
  { dataset, config, split }: HubSplit,
  most: number,
  signal: AbortSignal,
  onRows: (count: number) => void = () => undefined,
  rowsUrl = HUB_ROWS_URL,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  while (rows.length < most) {
    const length = Math.min(PAGE_ROWS, most - rows.length);
    const url = new URL('rows', rowsUrl);
    const query = { dataset, config, split, offset: String(rows.length), length: String(length) };
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
    const page = parseJsonWith(pageSchema, await fetchText(url, signal), 'answer of the Hub').rows;
    rows.push(...page.map(({ row }) => row));
    onRows(rows.length);
    if (page.length < length) break;
  }
  return rows;
}
