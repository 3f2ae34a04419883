import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerMarker, dropEcho, findBold, stripReasoning, unwrapLatex, unwrapMarkdown } from './answer-text';
import { gradeAnswer } from '../graders/registry';
import { nodePorts } from '../graders/testing/node-ports';

describe('stripReasoning', () => {
  it.each([
    ['<think>2 + 2 = 4</think>4', '4'],
    ['<think>\nFirst 5,\nthen 4.\n</think>\n\nThe answer is 4.', 'The answer is 4.'],
    ['\n <think></think>\n\nAnna', 'Anna'],
    ['<think>\n\n</think>\n\nAnna\n', 'Anna\n'],
  ])('drops the block that opens %j', (answer, rest) => {
    expect(stripReasoning(answer)).toBe(rest);
  });

  it.each(['<think>', '<think>The answer is 4.', '<think>The answer is 4.</thi', ' <think>\n4\n<think>'])(
    'leaves no answer of %j, which was cut short',
    (answer) => {
      expect(stripReasoning(answer)).toBe('');
    },
  );

  it.each([
    ['', ''],
    [' Anna \n', ' Anna \n'],
    ['Anna <think>or Boris</think>', 'Anna <think>or Boris</think>'],
    ['<thinking>Boris</thinking> Anna', '<thinking>Boris</thinking> Anna'],
    ['Boris</think>Anna', 'Boris</think>Anna'],
    ['<think>a</think>b</think>c', 'b</think>c'],
    ['<think>a</think><think>b</think>c', '<think>b</think>c'],
  ])('keeps what is not the first block: %j', (answer, rest) => {
    expect(stripReasoning(answer)).toBe(rest);
  });

  it('leaves the answer, whatever was thought', () => {
    const thought = fc.string().filter((text) => !text.includes('</think>'));
    fc.assert(
      fc.property(thought, (text) => {
        expect(stripReasoning(`<think>${text}</think>\n\nAnna`)).toBe('Anna');
        expect(stripReasoning(`<think>${text}`)).toBe('');
      }),
    );
  });

  it('reads a million spaces, and a million blocks that never end', () => {
    const spaces = ' '.repeat(1_000_000);
    expect(stripReasoning(spaces)).toBe(spaces);
    expect(stripReasoning('<think>'.repeat(1_000_000))).toBe('');
  });
});

describe('gradeAnswer', () => {
  const specs = [
    { type: 'number', value: 4 },
    { type: 'choice', value: '4', options: ['4', '5'] },
    { type: 'contains', value: '4' },
    { type: 'regex', value: '^4$' },
    { type: 'equals', value: '4' },
  ];

  describe.each(specs)('by $type', (spec) => {
    const statusOf = async (answer: string) =>
      (await gradeAnswer(answer, { id: 'case', prompt: '?', graders: [spec], tags: [] }, nodePorts)).status;

    it('reads what follows the reasoning', async () => {
      expect(await statusOf('<think>Is it 5? The answer is 5.</think>\n\n4')).toBe('pass');
    });

    it('gives no credit for reasoning alone', async () => {
      expect(await statusOf('<think>The answer is 4.\n4')).toBe('fail');
      expect(await statusOf('<think>4</think>')).toBe('fail');
      expect(await statusOf('<think>4</think>5')).toBe('fail');
    });
  });
});

describe('markup', () => {
  it('takes LaTeX text apart, up to a length', () => {
    expect(unwrapLatex(String.raw`It is \boxed{\text{Anna}}.`, 10)).toBe('It is \nanswer: Anna\n.');
    expect(unwrapLatex(String.raw`\textbf{12345}, \textbf{123456}`, 5)).toBe(
      String.raw`12345, \textbf{123456}`,
    );
  });

  it('marks bold text, up to a length, and the result of gsm8k', () => {
    const text = unwrapMarkdown('**Anna** or __Vera__, not **Boris**\n#### 5', 4);
    expect(text).toBe('\uE000Anna\uE001 or \uE000Vera\uE001, not **Boris**\n\nanswer: 5');
    expect(findBold(text)).toEqual([
      { start: 0, end: 6, inside: 'Anna' },
      { start: 10, end: 16, inside: 'Vera' },
    ]);
  });

  it('drops the sentences of the prompt but those that are kept', () => {
    const prompt = 'Who is the tallest?\nAnna is the tallest.\nWhy?';
    const isKept = (sentence: string) => sentence.startsWith('Anna');
    expect(dropEcho(`${prompt} Anna.`, prompt, isKept)).toBe('\n\nAnna is the tallest.\nWhy? Anna.');
  });
});

describe('answerMarker', () => {
  const marker = new RegExp(answerMarker('answer', 'is', { apart: String.raw`\d`, or: '>' }), 'u');

  it.each(['answer: 4', 'answer to all this is 4', 'answer – 4', 'answer > 4'])('finds %j', (text) => {
    expect(marker.test(text)).toBe(true);
  });

  it.each(['answers: 4', 'answer 5 is', 'answer. It is 4', 'answer isolated', 'answer-4'])(
    'not %j',
    (text) => {
      expect(marker.test(text)).toBe(false);
    },
  );
});
