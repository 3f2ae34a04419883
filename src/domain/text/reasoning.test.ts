import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gradeAnswer } from '../graders/registry';
import { nodePorts } from '../graders/testing/node-ports';
import { readAnswer, stripReasoning } from './reasoning';

describe('stripReasoning', () => {
  it.each([
    ['<think>2 + 2 = 4</think>4', '4'],
    ['<think>\nFirst 5,\nthen 4.\n</think>\n\nThe answer is 4.', 'The answer is 4.'],
    ['\n <think></think>\n\nAnna', 'Anna'],
    ['<think>\n\n</think>\n\nAnna\n', 'Anna\n'],
    ['<thinking>Boris</thinking> Anna', 'Anna'],
    ['<Thought>Boris</Thought> Anna', 'Anna'],
    ['[THINK]Boris[/THINK]Anna', 'Anna'],
    ['◁think▷Boris◁/think▷Anna', 'Anna'],
    ['<|begin_of_thought|>Boris<|end_of_thought|>\n\nAnna', 'Anna'],
    ['<|channel>thought\nBoris<channel|>Anna', 'Anna'],
    ['<think>a</think><think>b</think>c', 'c'],
    ['<think>a</think>\n[THINK]b[/THINK]c', 'c'],
    // The prompt opened the block.
    ['Boris</think>Anna', 'Anna'],
    ['Is it Boris? [/THINK]\n\nAnna', 'Anna'],
    ['a</think>b</think>c', 'c'],
    // Harmony
    [
      '<|channel|>analysis<|message|>Boris<|end|><|start|>assistant<|channel|>final<|message|>Anna<|return|>',
      'Anna',
    ],
    ['<|channel|>final <|constrain|>json<|message|>{"a":1}', '{"a":1}'],
    ['analysisIs it Boris?assistantfinalAnna', 'Anna'],
  ])('drops the block that opens %j', (answer, rest) => {
    expect(stripReasoning(answer)).toBe(rest);
  });

  it.each([
    '<think>',
    '<think>The answer is 4.',
    '<think>The answer is 4.</thi',
    ' <think>\n4\n<think>',
    '[THINK]4',
    '<thinking>4',
    '<|channel|>analysis<|message|>It is 4.<|end|>',
    'analysisThe answer is 4',
  ])('leaves no answer of %j, which was cut short', (answer) => {
    expect(stripReasoning(answer)).toBe('');
  });

  it.each([
    ['', ''],
    [' Anna \n', ' Anna \n'],
    ['Anna <think>or Boris</think>', 'Anna <think>or Boris</think>'],
    ['<think>a</think>b</think>c', 'b</think>c'],
    ['analysis of the text: Anna', 'analysis of the text: Anna'],
  ])('keeps what does not open the answer: %j', (answer, rest) => {
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

describe('readAnswer', () => {
  it.each([
    ['It is 4.\n\nQuestion: And 5?\nAnswer: 6', 'It is 4.\n'],
    ['4\n**Question 2:** And 5?', '4'],
    ['4\nQ: And 5?', '4'],
    ['4\n\nHuman: next?\nAssistant: 5', '4\n'],
    ['4\n### Instruction\nAdd', '4'],
    ['4<|im_start|>user\n5', '4'],
    ['Ответ: 4\nВопрос: а пять?', 'Ответ: 4'],
    ['Question: And 5?\nIt is 4.', 'Question: And 5?\nIt is 4.'],
    ['\nQ: And 5?\nA: 4\nQ: And 6?', '\nQ: And 5?\nA: 4'],
    ['That question: easy.', 'That question: easy.'],
  ])('reads %j up to the next question', (answer, rest) => {
    expect(readAnswer(answer)).toBe(rest);
  });

  it.each([
    ['Well. <think>5?</think> 4', 'Well. \n 4'],
    ['<reasoning>5</reasoning><answer>4</answer>', '\n\nanswer: 4\n'],
    ['<answer>\n4\n</answer>', '\nanswer: 4\n\n'],
    ['<final_answer>4', '\nanswer: 4'],
  ])('drops the reasoning inside %j', (answer, rest) => {
    expect(readAnswer(answer)).toBe(rest);
  });

  it('reads a text of nothing but openings', () => {
    const text = `x${'<reasoning>'.repeat(50_000)}`;
    expect(readAnswer(text)).toBe(text);
  });
});
