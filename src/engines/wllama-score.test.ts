import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Fault } from '../domain/fault';
import { bytesSource, openModel, type Model } from '../inference/index';
import { createNamedModel } from '../inference/testing/random-model.mjs';
import { foreignPrompt } from '../domain/prompt/pieces';
import { createForcedScorer, type ForcedRequest } from './wllama-score';

const BYTES = createNamedModel('Q8_0');
const files = [{ name: 'model.gguf', blob: new Blob([BYTES]) }];
const classify = (error: unknown): Fault => ({ kind: 'engine', detail: String(error) });
const { signal } = new AbortController();

const openReference = () =>
  openModel([bytesSource(BYTES)], {
    build: 'wasm32-plain',
    loadBinary: (build) =>
      Promise.resolve(
        new Uint8Array(readFileSync(new URL(`../inference/cpu/binaries/${build}.wasm`, import.meta.url))),
      ),
  });

/** Answers as llama.cpp's server does when a token is forced: with its own log-probability and the likeliest token. */
function answerFrom(model: Model, asked: ForcedRequest[] = []) {
  return async (request: ForcedRequest): Promise<unknown> => {
    asked.push(request);
    const id = request.logit_bias[0]?.[0] ?? -1;
    const [score] = await model.score(request.prompt, [[id]]);
    const top = score?.greedy[0] === true ? id : id + 1;
    const content = [{ id, token: '', logprob: score?.logprobs[0], top_logprobs: [{ id: top, logprob: 0 }] }];
    return { choices: [{ text: '', logprobs: { content } }] };
  };
}

describe('createForcedScorer', () => {
  it('gives the sums that scoring at once gives', async () => {
    const model = await openReference();
    const asked: ForcedRequest[] = [];
    const score = createForcedScorer(files, answerFrom(model, asked), classify);
    const continuations = ['abc', 'b', 'thecat'];
    const expected = await model.score('abcabc', continuations);
    const scores = await score(foreignPrompt('abcabc'), continuations, signal);
    expect(scores.map(({ greedy }) => greedy)).toEqual(expected.map(({ greedy }) => greedy));
    scores.forEach(({ logprobs }, at) => {
      const sum = logprobs.reduce((total, each) => total + each, 0);
      expect(sum).toBeCloseTo(expected[at]?.sum ?? NaN, 4);
    });
    const steps = expected.reduce((total, { tokens }) => total + tokens.length, 0);
    expect(asked).toHaveLength(steps);
    expect(asked.every((each) => each.logit_bias[0]?.[1] === 1_000)).toBe(true);
    model.close();
  });

  it('does not score tokens that split a letter: no text ends in them', async () => {
    // The vocabulary has no space; three bytes stand for it.
    const score = createForcedScorer(files, () => Promise.resolve({}), classify);
    await expect(score(foreignPrompt('abc'), [' b'], signal)).rejects.toMatchObject({
      fault: { kind: 'unsupported' },
    });
  });

  it.each([
    ['an answer without log-probabilities', { choices: [{ text: 'x' }] }, 'bad-input'],
    [
      'another token than the forced one',
      { choices: [{ logprobs: { content: [{ id: 1_000_000, logprob: -1, top_logprobs: [{ id: 1 }] }] } }] },
      'engine',
    ],
  ])('refuses %s', async (_what, answer, kind) => {
    const score = createForcedScorer(files, () => Promise.resolve(answer), classify);
    await expect(score(foreignPrompt('abc'), ['b'], signal)).rejects.toMatchObject({ fault: { kind } });
  });

  it('hands on what the engine throws, and stops when asked', async () => {
    const score = createForcedScorer(files, () => Promise.reject(new Error('gone')), classify);
    await expect(score(foreignPrompt('abc'), ['b'], signal)).rejects.toMatchObject({
      fault: { kind: 'engine' },
    });
    await expect(score(foreignPrompt('abc'), ['b'], AbortSignal.abort())).rejects.toMatchObject({
      fault: { kind: 'stopped' },
    });
  });

  it('cannot read a file that is no model', async () => {
    const junk = [{ name: 'x', blob: new Blob(['junk that is no model at all, and long enough']) }];
    const score = createForcedScorer(junk, () => Promise.resolve({}), classify);
    await expect(score(foreignPrompt('abc'), ['b'], signal)).rejects.toMatchObject({
      fault: { kind: 'engine' },
    });
  });
});
