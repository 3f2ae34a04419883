import { describe, expect, it } from 'vitest';
import { isSimple, readExpected, readGraderJson, SIMPLE_GRADERS, writeExpected } from './grader-form';
import { findGraderFault } from './set-editor.svelte';

const samples: Readonly<Record<string, string>> = {
  choice: 'yes',
  number: '4',
  equals: 'text',
  icontains: 'text',
  regex: 'a+',
  entailment: 'unknown',
  ordering: 'Ann\nBob',
  set: 'red\nblue',
  'multiple-choice': '1',
  'self-consistency': '',
};

describe('the form of a grader', () => {
  it('is there for every grader that says what its field holds', () => {
    expect(SIMPLE_GRADERS.toSorted()).toEqual(Object.keys(samples).sort());
  });

  it.each(SIMPLE_GRADERS)('writes %s and reads it back, as its grader understands it', (type) => {
    const sample = samples[type] ?? '';
    const spec = readExpected(type, sample);
    expect(isSimple(spec)).toBe(true);
    expect(writeExpected(spec)).toBe(sample);
    expect(readExpected(type, writeExpected(spec))).toEqual(spec);
    if (type !== 'choice') expect(findGraderFault(spec)).toBeUndefined();
  });

  it('leaves what it cannot show whole to JSON', () => {
    expect(isSimple({ type: 'equals', value: 'x', weight: 2 })).toBe(false);
    expect(isSimple({ type: 'equals', value: { a: 1 } })).toBe(false);
    expect(isSimple({ type: 'ordering', value: [{ text: 'a', aliases: [] }] })).toBe(false);
    expect(isSimple({ type: 'javascript', value: 'true' })).toBe(false);
    expect(isSimple({ type: 'self-consistency', value: 'x' })).toBe(false);
  });

  it('says what is wrong with a value', () => {
    expect(findGraderFault(readExpected('number', 'four'))).toMatchObject({ kind: 'bad-input' });
    expect(findGraderFault(readExpected('entailment', 'maybe'))).toMatchObject({ kind: 'bad-input' });
  });

  it('reads JSON of any type, and refuses what is no grader', () => {
    expect(readGraderJson('{"type":"icontains","value":"x","weight":2}')).toEqual({
      spec: { type: 'icontains', value: 'x', weight: 2 },
    });
    for (const text of ['', '{', '[]', '{"value":1}', '{"type":"nobody-knows"}', '{"type":"number"}']) {
      expect(readGraderJson(text)).toMatchObject({ fault: { kind: 'bad-input' } });
    }
  });
});
