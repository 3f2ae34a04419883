// Compares every catalog row with its host: that each URL answers, sizes, LFS hashes, and what the header of every GGUF
// says against what its row says. For a maintainer with a network; it downloads headers only.
// Usage: node scripts/check-catalog.mjs [--base URL] [--only MODEL-ID]   (`--base` puts another host in the Hub's place)
// Prints a table; the exit status is 1 when a row is wrong or its host does not answer.
import { GGMLFileQuantizationType, gguf } from '@huggingface/gguf';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HUB = 'https://huggingface.co';
const PARALLEL = 4;
const TIMEOUT_MS = 60_000;
const MAX_REDIRECTS = 5;
/** The Hub's pages round sizes to three digits. */
const APPROXIMATE = 0.02;
/** Of what an ONNX export stores beside the weights. */
const APPROXIMATE_REPO = 0.05;
const ONNX_SUFFIX = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
};

/**
 * @typedef {{ model: string, item: string, url: string, problems: string[], facts: string[] }} Finding
 * @typedef {{ base?: string, only?: string }} CheckOptions
 */

/**
 * @param {string} folder of the rows
 * @param {CheckOptions} [options]
 * @returns {Promise<Finding[]>} one for each URL, in the order of the rows
 */
export async function checkCatalog(folder, { base = HUB, only } = {}) {
  const rows = readdirSync(folder)
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')))
    .filter(({ id }) => only === undefined || id === only);
  const map = (url) => (url.startsWith(`${HUB}/`) ? base.replace(/\/$/, '') + url.slice(HUB.length) : url);
  const tasks = rows.flatMap((row) => listChecks(row, map));
  const findings = tasks.map(({ model, item, url }) => ({ model, item, url, problems: [], facts: [] }));
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < tasks.length; at = next++) {
      try {
        await tasks[at].check(findings[at]);
      } catch (error) {
        findings[at].problems.push(explain(error));
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return findings;
}

/** What is to be asked for one row; every check adds to the finding it is given. */
function listChecks(row, map) {
  const checks = [
    { model: row.id, item: 'source', url: map(row.source), check: (finding) => checkPage(finding) },
  ];
  for (const artifact of row.artifacts) {
    const add = (item, url, check) => checks.push({ model: row.id, item, url: map(url), check });
    for (const file of artifact.files) {
      if (file.url === undefined) continue;
      add(artifact.id, file.url, (finding) => checkGguf(finding, file, row, artifact));
    }
    for (const { kind, file } of artifact.companions ?? []) {
      if (file.url !== undefined) {
        add(`${artifact.id} ${kind}`, file.url, (finding) => checkCompanion(finding, file, kind));
      }
    }
    if (artifact.mlc?.repo) {
      const folder = `${HUB}/${artifact.mlc.repo}/resolve/main/`;
      add(artifact.id, `${folder}mlc-chat-config.json`, (finding) => checkMlc(finding, row, artifact));
      // The list of shards that web-llm 0.2.86 loads; older conversions have another.
      add(`${artifact.id} shards`, `${folder}tensor-cache.json`, (finding) => checkPage(finding));
    }
    if (artifact.onnx !== undefined) {
      const stem = row.vision ? 'decoder_model_merged' : 'model';
      const name = `${stem}${ONNX_SUFFIX[artifact.onnx.dtype]}.onnx`;
      const url = `${HUB}/${artifact.onnx.repo}/resolve/main/onnx/${name}`;
      add(artifact.id, url, (finding) => checkOnnx(finding, artifact));
    }
  }
  return checks;
}

async function checkPage(finding) {
  await head(finding.url);
}

async function checkFile(finding, file) {
  const { bytes, sha256 } = await head(finding.url);
  finding.facts.push(`${bytes ?? '?'} bytes`);
  if (bytes === undefined) finding.problems.push('the host tells no size');
  else if (file.bytes !== undefined) expectEqual(finding, 'bytes', file.bytes, bytes);
  else expectClose(finding, 'approximateBytes', file.approximateBytes, bytes, APPROXIMATE);
  if (file.sha256 !== undefined && sha256 !== undefined) expectEqual(finding, 'sha256', file.sha256, sha256);
  else if (sha256 !== undefined) finding.facts.push(`sha256 ${sha256}`);
}

async function checkGguf(finding, file, { architecture, shape }, { quantization, contextTokens }) {
  await checkFile(finding, file);
  const { metadata, tensorInfos } = await gguf(finding.url, { fetch: fetchRange });
  const arch = metadata['general.architecture'];
  const number = (key) => (metadata[key] === undefined ? undefined : Number(metadata[key]));
  const heads = number(`${arch}.attention.head_count`);
  const embedding = number(`${arch}.embedding_length`);
  const embeddings = tensorInfos.find(({ name }) => name === 'token_embd.weight');
  const fileType = number('general.file_type');
  expectEqual(finding, 'architecture', architecture, arch);
  expectEqual(finding, 'layers', shape?.layers, number(`${arch}.block_count`));
  expectEqual(finding, 'embedding', shape?.embedding, embedding);
  // A header without the key means as many as heads.
  expectEqual(
    finding,
    'keyValueHeads',
    shape?.keyValueHeads,
    number(`${arch}.attention.head_count_kv`) ?? heads,
  );
  expectEqual(
    finding,
    'headSize',
    shape?.headSize,
    number(`${arch}.attention.key_length`) ?? embedding / heads,
  );
  expectEqual(
    finding,
    'vocabulary',
    shape?.vocabulary,
    embeddings === undefined ? metadata['tokenizer.ggml.tokens']?.length : Number(embeddings.shape[1]),
  );
  if (fileType === undefined) finding.facts.push('its header names no quantization');
  else expectEqual(finding, 'quantization', quantization, GGMLFileQuantizationType[fileType]);
  const trained = number(`${arch}.context_length`);
  if (trained !== undefined && contextTokens > trained) {
    finding.problems.push(
      `contextTokens: the row says ${contextTokens}, the model was trained for ${trained}`,
    );
  }
}

async function checkCompanion(finding, file, kind) {
  await checkFile(finding, file);
  const { metadata } = await gguf(finding.url, { fetch: fetchRange });
  if (kind === 'mmproj') expectEqual(finding, 'architecture', 'clip', metadata['general.architecture']);
  else expectEqual(finding, 'type', 'adapter', metadata['general.type']);
}

async function checkMlc(finding, { shape }, { quantization }) {
  const response = await fetch(finding.url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  const { quantization: found, model_config: config = {}, vocab_size: vocabulary } = await response.json();
  expectEqual(finding, 'quantization', quantization, found);
  expectEqual(finding, 'layers', shape?.layers, config.num_hidden_layers ?? config.n_layer);
  expectEqual(finding, 'vocabulary', shape?.vocabulary, config.vocab_size ?? vocabulary);
}

async function checkOnnx(finding, { approximateBytes }) {
  const { bytes } = await head(finding.url);
  // Weights above 2 GB lie beside the graph.
  const data = await head(`${finding.url}_data`).catch(() => ({ bytes: 0 }));
  const sum = (bytes ?? 0) + (data.bytes ?? 0);
  finding.facts.push(`${sum} bytes`);
  if (approximateBytes !== undefined) {
    expectClose(finding, 'approximateBytes', approximateBytes, sum, APPROXIMATE_REPO);
  }
}

function expectEqual(finding, what, expected, found) {
  if (expected !== found) finding.problems.push(`${what}: the row says ${expected}, its host ${found}`);
}

function expectClose(finding, what, expected, found, share) {
  if (Math.abs(found - expected) > found * share) expectEqual(finding, what, expected, found);
}

/** Size and hash as the Hub tells them: on the redirect to its storage, whose own answer has another ETag. */
async function head(url) {
  let bytes;
  let sha256;
  for (let hop = 0, at = url; hop <= MAX_REDIRECTS; hop++) {
    const response = await fetch(at, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const { headers, status } = response;
    bytes ??= readCount(headers.get('x-linked-size'));
    sha256 ??= /^"?([0-9a-f]{64})"?$/.exec(headers.get('x-linked-etag') ?? '')?.[1];
    const location = headers.get('location');
    if (status >= 300 && status < 400 && location !== null) {
      at = new URL(location, at).href;
      continue;
    }
    if (!response.ok) throw new Error(`HTTP ${status}`);
    return { bytes: bytes ?? readCount(headers.get('content-length')), sha256 };
  }
  throw new Error(`more than ${MAX_REDIRECTS} redirects`);
}

function readCount(text) {
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** A host that ignores ranges would send gigabytes. */
async function fetchRange(url, init) {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (response.status === 206) return response;
  await response.body?.cancel();
  throw new Error(response.ok ? 'the host does not serve ranges' : `HTTP ${response.status}`);
}

function explain(error) {
  const { message, cause } = error instanceof Error ? error : { message: String(error) };
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

/** @param {readonly Finding[]} findings */
export function formatFindings(findings) {
  const width = (read) => Math.max(...findings.map((each) => read(each).length), 0);
  const [models, items] = [width(({ model }) => model), width(({ item }) => item)];
  return findings
    .map(({ model, item, problems, facts }) =>
      [
        problems.length === 0 ? 'ok   ' : 'WRONG',
        model.padEnd(models),
        item.padEnd(items),
        [...problems, ...facts].join('; '),
      ]
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { base: { type: 'string' }, only: { type: 'string' } } });
  const folder = fileURLToPath(new URL('../static-models/catalog', import.meta.url));
  const findings = await checkCatalog(folder, values);
  const wrong = findings.filter(({ problems }) => problems.length > 0);
  console.log(formatFindings(findings));
  console.log(`${findings.length} URLs, ${wrong.length} wrong`);
  process.exitCode = findings.length === 0 || wrong.length > 0 ? 1 : 0;
}
