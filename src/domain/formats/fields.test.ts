import { describe, expect, it } from 'vitest';
import type { ImportOptions } from './format';
import { formatRegistry, importSet } from './registry';

/**
 * What files of each format are known to hold. A field is honoured, so that the set changes with it, or it is named in
 * the preview with the number of cases that have it. promptfoo's and lm-eval's fields that are named have tables of their
 * own: `examples.test.ts`, `lm-eval-fields.test.ts`.
 */
interface Fields {
  /** A record without anything that is not needed; or a whole file. */
  readonly base: Readonly<Record<string, unknown>>;
  /** Each alone in place of what the base has. */
  readonly honoured: Readonly<Record<string, unknown>>;
  readonly named: Readonly<Record<string, unknown>>;
  /** The records of a file. */
  readonly wrap?: (record: Readonly<Record<string, unknown>>) => string;
  readonly options?: ImportOptions;
}

const whole = (file: Readonly<Record<string, unknown>>) => JSON.stringify(file);
const contains = { type: 'contains', value: 'x' };
const FORMATS: Readonly<Record<string, Fields>> = {
  agieval: {
    base: { query: 'Q: a?', choices: ['(A) x', '(B) y'], gold: [0] },
    honoured: { query: 'Q: b?', choices: ['(A) x', '(B) z'], gold: [1] },
    named: { passage: 'p', explanation: 'e', other: { source: 's' } },
  },
  arc: {
    base: { question: 'a?', choices: { text: ['x', 'y'], label: ['A', 'B'] }, answerKey: 'A' },
    honoured: {
      id: 'Mercury_1',
      question: 'b?',
      choices: { text: ['x', 'z'], label: ['A', 'B'] },
      answerKey: 'B',
    },
    named: { category: 'c', grade: 4 },
  },
  babi: {
    base: { passage: 'P.', question: 'a?', answer: 'x' },
    honoured: { passage: 'R.', question: 'b?', answer: 'y', task: 3 },
    named: { supporting_ids: [1, 2], story_id: 7 },
  },
  bbh: {
    base: { input: 'a?', target: 'x' },
    honoured: { input: 'b?\nOptions:\n(A) x\n(B) y', target: 'y' },
    named: { id: 1, rationale: 'r' },
  },
  'big-bench': {
    base: { examples: [{ input: 'a?', target: 'x' }] },
    honoured: {
      name: 'n',
      description: 'd',
      keywords: ['k'],
      task_prefix: 'p ',
      examples: [{ input: 'a?', target_scores: { x: 0, y: 1 }, comment: 'c' }],
    },
    named: {
      metrics: ['m'],
      preferred_score: 's',
      canary: 'c',
      example_input_prefix: 'Q',
      example_output_prefix: 'A',
      choice_prefix: '-',
      append_choices_to_input: false,
      few_shot_example_separator: '#',
    },
    wrap: whole,
  },
  gsm8k: {
    base: { question: 'a?', answer: 'so #### 1' },
    honoured: { question: 'b?', answer: 'thus #### 2' },
    named: { id: 3, difficulty: 'hard', solution: 's' },
  },
  'lm-eval': {
    base: { task: 't', doc_to_text: '{{q}}', doc_to_target: '{{a}}', output_type: 'generate_until' },
    honoured: {
      task: 'u',
      doc_to_text: '{{q}}!',
      doc_to_target: '{{q}}',
      description: 'D ',
      generation_kwargs: { until: ['.'] },
      fewshot_delimiter: '##',
    },
    named: { should_decontaminate: true, repeats: 3, unsafe_code: true },
    wrap: (task) =>
      Object.entries(task)
        .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
        .join('\n'),
    options: { rows: [{ q: 'a?', a: 'b' }] },
  },
  'lm-eval-samples': {
    base: { doc_id: 0, arguments: [['p', { until: [] }]], target: 'x' },
    honoured: { doc_id: 1, arguments: [['q', {}]], target: 'y' },
    named: { doc: { a: 1 }, resps: [['r']], filtered_resps: ['r'], acc: 1, doc_hash: 'h', filter: 'none' },
  },
  logiqa: {
    base: { context: 'c', question: 'a?', options: ['x', 'y'], label: 'a' },
    honoured: { context: 'd', question: 'b?', options: ['x', 'z'], label: 'b' },
    named: { id: 1, type: { t: true } },
  },
  'mt-bench': {
    base: { question_id: 1, turns: ['a?'] },
    honoured: { question_id: 2, turns: ['b?'], reference: ['r'], category: 'math' },
    named: { source: 's' },
  },
  'openai-evals': {
    base: { input: 'a?', ideal: 'x' },
    honoured: {
      input: [
        { role: 'system', content: 's' },
        { role: 'user', content: 'a?' },
      ],
      ideal: ['y', 'z'],
    },
    named: { metadata: { a: 1 }, tags: ['t'], sample_id: 's' },
  },
  plain: {
    base: { question: 'a?', answer: 'x' },
    honoured: {
      question: 'b?',
      answer: 'y',
      choices: ['w', 'x'],
      context: 'c',
      id: 'i7',
      tags: 't,u',
      group: 'g',
      explanation: 'e',
    },
    named: { difficulty: 'hard', url: 'https://example.org', license: 'MIT' },
  },
  promptfoo: {
    base: { prompts: ['p {{q}}'], tests: [{ vars: { q: 'a' }, assert: [contains] }] },
    honoured: {
      description: 'd',
      prompts: ['r {{q}}'],
      tests: [{ vars: { q: 'b' }, assert: [{ type: 'equals', value: 'y' }] }],
      defaultTest: { threshold: 0.5 },
      scenarios: [{ config: [{ vars: { q: 'z' } }], tests: [{ assert: [contains] }] }],
    },
    named: { providers: ['openai:x'], derivedMetrics: [], outputPath: 'o', sharing: true, redteam: {} },
    wrap: whole,
  },
  wizardbench: {
    base: {
      id: 'i',
      title: 't',
      language: 'en',
      licence: 'MIT',
      cases: [{ id: 'c', prompt: 'a?', graders: [contains] }],
    },
    honoured: { title: 'u', language: 'de', licence: 'CC0', description: 'd', source: 's', system: 'y' },
    // Nothing that this page wrote itself has more: what does is refused, and its name told.
    named: {},
    wrap: whole,
  },
};

const wrapOne = (record: Readonly<Record<string, unknown>>) => JSON.stringify([record]);

function read(id: string, record: Readonly<Record<string, unknown>>) {
  const { wrap = wrapOne, options } = FORMATS[id] ?? {};
  const { formatId, ...imported } = importSet(wrap(record), { name: 'file', ...options });
  expect(formatId).toBe(id);
  return imported;
}

it('knows fields of every format', () => {
  expect(Object.keys(FORMATS).sort()).toEqual(formatRegistry.map(({ id }) => id).sort());
});

describe.each(Object.entries(FORMATS))('%s', (id, { base, honoured, named }) => {
  const plain = read(id, base);

  it('names nothing of a file that is honoured whole', () => {
    const codes = plain.notes.map(({ code }) => code);
    expect(codes.filter((code) => code === 'dropped-fields' || code === 'not-applied')).toEqual([]);
  });

  it.each(Object.keys(honoured))('honours %s', (name) => {
    const { testSet, notes } = read(id, { ...base, [name]: honoured[name] });
    expect(testSet).not.toEqual(plain.testSet);
    expect(notes.filter(({ detail = '' }) => detail.includes(name))).toEqual([]);
  });

  if (Object.keys(named).length > 0) {
    it.each(Object.keys(named))('names %s, and changes nothing by it', (name) => {
      const { testSet, notes } = read(id, { ...base, [name]: named[name] });
      expect(testSet).toEqual(plain.testSet);
      const note = notes.filter(({ code }) => code === 'dropped-fields' || code === 'not-applied');
      expect(note).toMatchObject([{ count: 1, detail: name }]);
    });
  }
});

it('refuses what its own format does not have, by name', () => {
  const text = whole({ ...FORMATS['wizardbench']?.base, surprise: 1 });
  expect(() => importSet(text)).toThrow('surprise');
});

it('counts the cases that have each field', () => {
  const rows = Array.from({ length: 5 }, (_, n) => ({
    question: `${n}?`,
    answer: 'x',
    url: 'u',
    ...(n < 2 && { hint: 'h', level: n + 1 }),
    empty: '',
  }));
  expect(importSet(JSON.stringify(rows)).notes).toEqual([
    { code: 'dropped-fields', count: 5, detail: 'url' },
    { code: 'dropped-fields', count: 2, detail: 'hint, level' },
  ]);
});
