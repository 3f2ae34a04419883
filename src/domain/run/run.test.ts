import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SAMPLING, samplingSchema, type GradedResult, type Result, type Timing } from './run';
import { sumResults } from './totals';
import { makeFailed, makeGraded, makeTiming } from '../testing/make-run';

const graded = (status: GradedResult['status'], timing: Partial<Timing> = {}) =>
  makeGraded({ status, timing: makeTiming(timing) });
const failed = makeFailed();

describe('sumResults', () => {
  it('is all zero, without rates, before the first result', () => {
    expect(sumResults([])).toEqual({
      passed: 0,
      failed: 0,
      abstained: 0,
      notRun: 0,
      broken: 0,
      graded: 0,
      answerTokens: 0,
    });
  });

  it('counts each kind apart and takes only pass and fail for graded', () => {
    const results = [graded('pass'), graded('pass'), graded('fail'), graded('not-run'), failed];
    expect(sumResults(results)).toMatchObject({ passed: 2, failed: 1, notRun: 1, broken: 1, graded: 3 });
  });

  it('divides all tokens by all time, instead of averaging rates', () => {
    const results = [
      graded('pass', { answerTokens: 90, decodeMs: 1000 }),
      graded('fail', { answerTokens: 10, decodeMs: 1000 }),
      graded('not-run', { answerTokens: 100, decodeMs: 500 }),
      failed,
    ];
    expect(sumResults(results)).toMatchObject({ answerTokens: 200, tokensPerSecond: 80 });
  });

  it('averages the time to the first token over answered cases', () => {
    const results = [graded('pass', { firstTokenMs: 50 }), graded('fail', { firstTokenMs: 150 }), failed];
    expect(sumResults(results).meanFirstTokenMs).toBe(100);
  });

  it('has no rate when nothing was decoded', () => {
    expect(sumResults([graded('pass', { decodeMs: 0 })])).not.toHaveProperty('tokensPerSecond');
    expect(sumResults([failed])).not.toHaveProperty('meanFirstTokenMs');
  });

  it('accounts for every result once', () => {
    const anyResult = fc.constantFrom<Result>(graded('pass'), graded('fail'), graded('not-run'), failed);
    fc.assert(
      fc.property(fc.array(anyResult), (results) => {
        const { passed, failed: wrong, notRun, broken, graded: total } = sumResults(results);
        expect(passed + wrong + notRun + broken).toBe(results.length);
        expect(total).toBe(passed + wrong);
      }),
    );
  });
});

describe('samplingSchema', () => {
  it('takes the defaults', () => {
    expect(v.parse(samplingSchema, DEFAULT_SAMPLING)).toEqual(DEFAULT_SAMPLING);
  });

  it.each([
    { temperature: -0.1 },
    { temperature: 2.1 },
    { temperature: Number.NaN },
    { topP: 0 },
    { topP: 1.1 },
    { topK: 1.5 },
    { topK: -1 },
    { seed: -1 },
    { seed: 2 ** 32 },
    { maxTokens: 0 },
    { maxTokens: 4097 },
    { maxTokens: '96' },
    { penalty: 1 },
  ])('refuses %j', (change) => {
    expect(v.is(samplingSchema, { ...DEFAULT_SAMPLING, ...change })).toBe(false);
  });
});
