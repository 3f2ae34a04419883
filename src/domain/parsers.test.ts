import type fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { findConclusion, readEnd } from './text/answer-text';
import { isAbstention } from './text/abstention';
import { parseDeviceCard, type DeviceCard } from './engine/device';
import { readMapped, type Mapping } from './formats/plain';
import { readCell, readPromptfooCsv } from './formats/promptfoo-csv';
import { readTaskDataset } from './formats/lm-eval/task';
import { readRows } from './formats/rows';
import { readChatTemplate } from './jinja/render';
import { checkGeneratorSpec, findGeneratorSpec, parseGeneratorSpec } from './generators/generated-set';
import { parseGgufHeader, parsePartName } from './model/gguf-header';
import { checkSpec } from './graders/registry';
import { hasHtml, isHtmlOnly } from './graders/parts/html-text';
import { parseHubFile, parseHubModel, parseHubReference } from './model/hub';
import { matchSchema } from './graders/parts/json-schema';
import { findJsonObjects, readJson } from './text/json-text';
import { encodeLinkText } from './sharing/link-codec';
import { evaluate, parseConstraint } from './logic/constraint';
import { areEquivalent, parseFormula, tokenizeFormula } from './logic/formula';
import { parseFileManifest, parseModel } from './model/model';
import { findNamedTemplate } from './model/named-templates';
import { findNumerals } from './text/numerals';
import { DEFAULT_SAMPLING } from './run/run';
import { buildScriptBody } from './graders/parts/script';
import { decodeShareLink, type SharedRun } from './sharing/share-link';
import { decodeSpeedLink } from './sharing/speed-link';
import { parseSpeedReport, type SpeedReport } from './speed/speed';
import { expectHarmless, HANG_MS, mutatedData, mutatedText } from './testing/hostile';
import { parseTestSet, parseTestSetJson } from './sets/test-set';
import { findXmlElements, readXml } from './graders/parts/xml-text';

const HASH = 'a'.repeat(64);
const readJsonFiles = (folder: string, take: number) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .slice(0, take)
    .map((name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as unknown);

const testSet = {
  id: 'set',
  title: 'Set',
  description: 'd',
  language: 'en',
  licence: 'CC0-1.0',
  source: 'me',
  system: 'Be brief.',
  cases: [
    {
      id: 'one',
      prompt: '2+2?',
      choices: ['3', '4'],
      images: [{ mediaType: 'image/png', base64: 'AAAA' }],
      graders: [
        { type: 'choice', value: 'B', weight: 2, threshold: 1, metric: 'm' },
        {
          type: 'assert-set',
          threshold: 0.5,
          assert: [{ type: 'number', value: 4 }, { type: 'self-consistency' }],
        },
      ],
      threshold: 0.4,
      variables: { a: 'b' },
      tags: ['x'],
      group: 'g',
      explanation: 'Because.',
    },
    { id: 'two', prompt: '?', graders: [{ type: 'regex', value: '(a|b)+$', flags: 'i' }] },
  ],
};
const session = {
  engineId: 'simd',
  engineVersion: '1',
  backend: 'wasm',
  threads: 4,
  contextTokens: 2048,
  ignoredSettings: ['topK'],
  insteadOf: [{ engineId: 'wllama', backend: 'webgpu', code: 'slower', reason: 'slow' }],
} as const;
const shared: SharedRun = {
  version: 1,
  startedAt: 1,
  end: 'finished',
  model: { id: 'm', name: 'M' },
  artifact: { id: 'a', quantization: 'Q4_0', sha256: HASH },
  session: { ...session, insteadOf: [{ engineId: 'wllama', backend: 'webgpu', reason: 'slow' }] },
  templateSha256: HASH,
  set: { id: 's', title: 'S', language: 'en', sha256: HASH, caseCount: 2 },
  sampling: DEFAULT_SAMPLING,
  repeats: 2,
  logicalCores: 8,
  results: [
    {
      caseId: 'one',
      status: 'fail',
      answer: 'five',
      cut: false,
      reason: { code: 'different', expected: '4', found: '5' },
      answerTokens: 3,
      firstTokenMs: 1,
      totalMs: 2,
      decodeMs: 1,
    },
    {
      caseId: 'one',
      repeat: 1,
      status: 'broken',
      answer: '',
      cut: true,
      reason: null,
      answerTokens: 0,
      firstTokenMs: 0,
      totalMs: 0,
      decodeMs: 0,
    },
  ],
};
const speed: SpeedReport = {
  version: 1,
  startedAt: 1,
  end: 'finished',
  plan: 'quick',
  contextTokens: 512,
  model: { id: 'm', name: 'M', parameters: 1e8 },
  artifact: { id: 'a', quantization: 'Q4_0', sha256: HASH, bytes: 5e7 },
  device: { logicalCores: 8, crossOriginIsolated: true },
  roofline: null,
  entries: [
    {
      engineId: 'other',
      engineLabel: 'Other',
      backend: 'webgpu',
      unavailable: { code: 'no-adapter', detail: '' },
    },
  ],
};
const device: DeviceCard = {
  version: 1,
  probedAt: 1,
  userAgent: 'x',
  logicalCores: 8,
  memoryGiB: 8,
  crossOriginIsolated: true,
  wasm: { simd: true, relaxedSimd: true, memory64: true },
  storage: { quotaBytes: 1e9, usedBytes: 1 },
  gpu: { available: false, code: 'no-webgpu', detail: '' },
};
const header = {
  metadata: {
    'general.architecture': 'llama',
    'general.name': 'Tiny',
    'general.file_type': 2,
    'general.alignment': 32,
    'llama.block_count': 2,
    'llama.context_length': 128,
    'llama.embedding_length': 64,
    'llama.attention.head_count': 4,
    'llama.attention.head_count_kv': 2,
    'tokenizer.ggml.model': 'llama',
    'tokenizer.ggml.tokens': ['<s>', '</s>', 'a'],
    'tokenizer.ggml.bos_token_id': 0,
    'tokenizer.ggml.eos_token_id': 1,
    'tokenizer.chat_template': '{{ messages }}',
    'split.no': 0,
    'split.count': 1,
  },
  tensors: [{ name: 'token_embd.weight', shape: [64n, 3n], type: 2, offset: 0n }],
  headerEnd: 400,
  dataOffset: 416,
  parameters: 192,
  quantization: 'Q4_0',
};
const generated = [
  'zebra.3.en.7.100',
  'knights-and-knaves.5.ru.4294967295.2000.oepin',
  'gen-zebra-7-100-3-en-op',
];
const tables = [
  'question,answer,choices\n"a, b",c,"x;y"\n',
  '{"question":"a","answer":1}\n{"question":"b"}',
  '[{"question":"a","choices":{"text":["x"],"label":["A"]}}]',
  'prompt\texpected\na\tb\n',
  'question,__expected,__threshold,__metadata:k[]\na,"contains-any(0.5):x\\,y,z",0.4,"1,2"\n',
];
const task =
  'task: x\ndataset_path: a/b\ndataset_name: c\ndoc_to_text: "{{question}}"\nfilter_list: [{name: a}]\n';
const answers = [
  'The answer is **B**.',
  'I think Anna, not Boris, is \\boxed{\\frac{3}{4}}.',
  'Ответ: двадцать одна с половиной тысяча, а не 12,5 %.',
  "I don't know, but probably 5.",
  '1. Anna\n2. Boris\n| house | owner |\n|---|---|\n| 1 | Anna |',
  '```json\n{"a": [1, 2, {"b": "}"}]}\n```',
  '<a><b c="d">x</b><!-- y --></a>',
  '<p>one<div class="x">&amp;</div></p>',
];

/** A parser of what others wrote, and what is near to what it takes. */
interface Row {
  readonly name: string;
  readonly inputs: fc.Arbitrary<unknown>;
  readonly parse: (input: unknown) => unknown;
  /** So many inputs are read at once: unzipping waits more than it works. */
  readonly together?: number;
  /** Inputs at which it once threw something else, or hung: add every new one that `npm run fuzz` finds. */
  readonly failedBefore?: readonly unknown[];
}
const ofData = (name: string, samples: readonly unknown[], parse: (input: unknown) => unknown): Row => ({
  name,
  inputs: mutatedData(samples),
  parse,
});
const ofText = (name: string, samples: readonly string[], parse: (text: string) => unknown): Row => ({
  name,
  inputs: mutatedText(samples),
  parse: (input) => parse(String(input)),
});
const assertSetOfNull = { type: 'assert-set', assert: null };
const names = new Set(['Anna', 'Boris', 'x']);
const mapping: Mapping = { prompt: 'question', answer: 'answer', choices: ['choices'], grader: 'auto' };
const inLinks =
  <Data>(decode: (payload: string) => Promise<Data>) =>
  (data: unknown) =>
    decode(gzipSync(writeJson(data)).toString('base64url'));

/** What no JSON holds cannot be in a link. */
function writeJson(data: unknown): string {
  try {
    // In a list, what is undefined is null.
    return JSON.stringify([data]).slice(1, -1);
  } catch {
    return 'null';
  }
}

describe.each([
  {
    ...ofData('a test set', [testSet, ...readJsonFiles('public/sets', 1)], parseTestSet),
    failedBefore: [{ ...testSet, cases: [{ id: 'one', prompt: '?', graders: [assertSetOfNull] }] }],
  },
  ofText('the JSON of a test set', [JSON.stringify(testSet)], parseTestSetJson),
  ofData('a row of the catalog', readJsonFiles('static-models/catalog', 6), parseModel),
  ofData(
    'a manifest of shards',
    [
      {
        name: 'x.gguf',
        bytes: 10,
        sha256: HASH,
        shardBytes: 6,
        shards: [
          { path: 'a.bin', bytes: 6, sha256: HASH },
          { path: 'b.bin', bytes: 4, sha256: HASH },
        ],
      },
    ],
    parseFileManifest,
  ),
  ofData('a card of a device', [device], parseDeviceCard),
  ofData('a report of speed', [speed], (input) => parseSpeedReport(input, 'report')),
  { ...ofData('a shared run in a link', [shared], inLinks(decodeShareLink)), together: 25 },
  { ...ofData('a report of speed in a link', [speed], inLinks(decodeSpeedLink)), together: 25 },
  ofText('the text of a link', [await encodeLinkText(shared)], decodeShareLink),
  ofText('the text of a link of speed', [await encodeLinkText(speed)], decodeSpeedLink),
  ofData(
    'a generator',
    [{ generator: 'zebra', seed: 7, n: 100, difficulty: 3, language: 'en', variants: ['negation'] }],
    checkGeneratorSpec,
  ),
  ofText('a generator in a link', generated, (text) => [findGeneratorSpec(text), parseGeneratorSpec(text)]),
  ofData('a header of GGUF', [header], (input) =>
    // As the library gives it: an object with these keys, whatever is in them.
    parseGgufHeader(
      { ...header, metadata: readRecord(readRecord(input)['metadata']) },
      'tiny.Q4_0-00001-of-00001.gguf',
    ),
  ),
  ofText('the name of a part', ['wizardlm-7b.Q4_0-00001-of-00003.gguf'], parsePartName),
  ofText('the name of a model', ['WizardLM-7B-V1.0', 'vicuna-13b-v1.5'], (text) =>
    findNamedTemplate({ name: text, chatTokens: [text] }, text),
  ),
  ofData(
    'a hit of the Hub',
    [{ name: 'a/b', downloads: 1, likes: 1, gated: 'auto', updatedAt: new Date(0) }],
    parseHubModel,
  ),
  {
    ...ofData(
      'an entry of a repo of the Hub',
      [{ type: 'file', path: 'x.gguf', size: 10, lfs: { oid: HASH, size: 10 } }],
      (input) => parseHubFile(input, { repo: 'a/b', revision: 'main' }),
    ),
    // Half a character cannot be written into an address.
    failedBefore: [
      { type: 'file', path: '\ud83e', size: 10, lfs: { oid: HASH, size: 10 } },
      { type: 'file', path: 'a/\ud83e.gguf', size: 10, lfs: { oid: HASH, size: 10 } },
    ],
  },
  ofText(
    'an address of the Hub',
    ['https://huggingface.co/a/b/resolve/main/x.gguf?download=true', 'a/b'],
    (text) => parseHubReference(text),
  ),
  ofText('a table', tables, (text) => readRows(text)),
  ofText('a table and what its columns are', tables, (text) => readMapped(text, mapping)),
  ofText('a CSV of promptfoo', tables, readPromptfooCsv),
  ofText('a cell of promptfoo', ['similar(0.8):a b', 'not-contains-any:a,b', 'javascript: 1'], readCell),
  ofText('the data set of a task', [task], readTaskDataset),
  ofText(
    'a template',
    [
      '{{ question }} {% for x in choices %}{{ loop.index }}. {{ x }}{% endfor %}',
      "{{ a | join(', ') if b else c[0] }}",
    ],
    (text) => readChatTemplate(text).render({ question: 'q', choices: ['a', 'b'], a: [1], b: true, c: 'd' }),
  ),
  {
    ...ofData(
      'a grader',
      [
        ...parseTestSet(testSet).cases.flatMap(({ graders }) => graders),
        {
          type: 'solver',
          variables: { Anna: [1, 2], Boris: { from: 1, to: 3 } },
          constraints: ['Anna < Boris'],
        },
        { type: 'logic-equivalence', value: 'a -> (b and not c)' },
        {
          type: 'assignment',
          value: { 1: { owner: 'Anna' }, 2: { owner: 'Boris' } },
          aliases: { Anna: ['A'] },
        },
        { type: 'similar:dot', value: ['a', 'b'], threshold: 0.5 },
        { type: 'is-xml', value: { requiredElements: ['a.b'] } },
        { type: 'multiple-choice', value: 1, metric: 'acc_norm' },
      ],
      (input) => {
        const { type = 'equals', ...options } = readRecord(input);
        checkSpec({ ...options, type: String(type) });
      },
    ),
    failedBefore: [assertSetOfNull],
  },
  ofData(
    'a JSON schema',
    [
      {
        type: 'object',
        required: ['a'],
        properties: { a: { $ref: '#/$defs/b' } },
        $defs: { b: { minimum: 1, type: 'number' } },
      },
    ],
    (input) => matchSchema(input, ['{"a":1}', '[]']),
  ),
  ofText(
    'a constraint',
    ["Anna + 1 == Boris * 2 and not (x > 'a' or Anna in (1, 2))", 'Anna -> Boris'],
    (text) =>
      evaluate(
        parseConstraint(text, names),
        new Map([
          ['Anna', 1],
          ['Boris', 2],
          ['x', 3],
        ]),
      ),
  ),
  ofText('a formula', ['a -> (b & !c) | d', '¬(A ∧ B) ↔ (¬A ∨ ¬B)', 'если a, то b', 'A и не B'], (text) => {
    const formula = parseFormula(tokenizeFormula(text));
    return formula === undefined ? undefined : areEquivalent(formula, formula);
  }),
  ofText('code on one line', ['const a = output; a > 1', 'output.length;'], (text) =>
    buildScriptBody(text, (body) => !body.includes('(')),
  ),
  ofText('numbers in an answer', answers, findNumerals),
  ofText('the end of an answer', answers, (text) => findConclusion(readEnd(text))),
  ofText('an abstention', answers, isAbstention),
  ofText('JSON in an answer', answers, (text) => [readJson(text), findJsonObjects(text)]),
  ofText('XML in an answer', answers, (text) => findXmlElements(text).map(readXml)),
  ofText('HTML in an answer', answers, (text) => [hasHtml(text), isHtmlOnly(text)]),
])('the parser of $name', ({ inputs, parse, together = 1, failedBefore = [] }) => {
  it('throws nothing but bad-input', { timeout: HANG_MS }, async () => {
    await expectHarmless(inputs, parse, { together, failedBefore });
  });
});

function readRecord(input: unknown): Record<string, unknown> {
  return typeof input === 'object' && input !== null ? { ...input } : {};
}

describe('the samples', () => {
  it('are what the parsers take', async () => {
    expect(parseTestSet(testSet)).toMatchObject({ id: 'set' });
    expect(parseDeviceCard(device)).toEqual(device);
    expect(await decodeShareLink(await encodeLinkText(shared))).toEqual(shared);
    expect(await decodeSpeedLink(await encodeLinkText(speed))).toEqual(speed);
    expect(parseGgufHeader(header, 'tiny.gguf')).toMatchObject({ architecture: 'llama' });
  });
});
