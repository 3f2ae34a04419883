import { describe, expect, it } from 'vitest';
import { answerMarker, dropEcho, findBold, unwrapLatex, unwrapMarkdown } from './answer-text';

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
