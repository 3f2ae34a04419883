import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import { hashTestSet, parseTestSet, parseTestSetJson } from './test-set';

const testCase = {
  id: 'cat-legs',
  prompt: 'How many legs has a cat?',
  graders: [{ type: 'number', value: 4, tolerance: 0 }],
  tags: ['arithmetic'],
};
const set = {
  id: 'logic',
  title: 'Logic',
  language: 'en',
  licence: 'CC0-1.0',
  cases: [testCase, { ...testCase, id: 'dog-legs', prompt: 'How many legs has a dog?' }],
};

function refusal(parse: () => unknown): unknown {
  try {
    parse();
  } catch (error) {
    return error instanceof FaultError ? error.fault : error;
  }
  return undefined;
}

/** The same data with the keys of every object in another order. */
function reverseKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reverseKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reverseKeys(inner)]),
  );
}

describe('parseTestSet', () => {
  it('keeps what it knows, and all options of a grader', () => {
    expect(parseTestSet(set)).toEqual(set);
  });

  it('keeps a grader that nobody knows, to be reported as not run', () => {
    const graders = [{ type: 'of-the-future', depth: { any: [1] } }];
    expect(parseTestSet({ ...set, cases: [{ ...testCase, graders }] }).cases[0]?.graders).toEqual(graders);
  });

  it('takes a case without tags', () => {
    const { tags: _tags, ...untagged } = testCase;
    expect(parseTestSet({ ...set, cases: [untagged] }).cases[0]?.tags).toEqual([]);
  });

  it('takes images, inside the set or below the site, within bounds', () => {
    const image = { mediaType: 'image/png', base64: 'iVBORw0KGgo=' };
    const withImages = (images: unknown) => ({ ...set, cases: [{ ...testCase, images }] });
    const images = [image, { mediaType: 'image/jpeg', path: 'sets/images/a.jpg' }];
    expect(parseTestSet(withImages(images)).cases[0]?.images).toEqual(images);
    const wrong: unknown[] = [
      [],
      [image, image, image, image, image],
      [{ mediaType: 'image/png' }],
      [{ ...image, path: 'a.png' }],
      [{ ...image, mediaType: 'image/svg+xml' }],
      [{ ...image, base64: 'not base64!' }],
      [{ ...image, base64: 'AAAA'.repeat(1_500_000) }],
      [{ mediaType: 'image/png', path: '../secret.png' }],
      [{ mediaType: 'image/png', path: 'https://x.example/a.png' }],
    ];
    for (const each of wrong) {
      expect(refusal(() => parseTestSet(withImages(each)))).toMatchObject({ kind: 'bad-input' });
    }
  });

  it('refuses two cases of one id', () => {
    expect(refusal(() => parseTestSet({ ...set, cases: [testCase, testCase] }))).toEqual({
      kind: 'bad-input',
      what: 'test set',
      detail: 'cases: case ids repeat',
    });
  });

  it.each([
    ['no cases', { cases: [] }],
    ['a case without graders', { cases: [{ ...testCase, graders: [] }] }],
    ['a case without a prompt', { cases: [{ ...testCase, prompt: '' }] }],
    ['a single choice', { cases: [{ ...testCase, choices: ['only'] }] }],
    ['more choices than letters', { cases: [{ ...testCase, choices: Array(27).fill('x') }] }],
    ['a negative weight', { cases: [{ ...testCase, graders: [{ type: 'equals', weight: -1 }] }] }],
    ['a case id with a slash', { cases: [{ ...testCase, id: 'a/b' }] }],
    ['a misspelt field', { cases: [{ ...testCase, expalnation: 'x' }] }],
    ['no licence', { licence: undefined }],
    ['a language that is none', { language: 'English' }],
    ['a language too long for a link', { language: `en-${'x'.repeat(30)}` }],
  ])('refuses %s', (_what, change) => {
    expect(refusal(() => parseTestSet({ ...set, ...change }))).toMatchObject({
      kind: 'bad-input',
      what: 'test set',
    });
  });

  it('says where the first mistake is', () => {
    const wrong = { ...set, cases: [testCase, { ...testCase, id: 'x', tags: [1] }] };
    expect(refusal(() => parseTestSet(wrong))).toMatchObject({
      detail: expect.stringMatching(/^cases\.1\.tags\.0: /) as unknown,
    });
  });

  it('refuses any junk with bad input', () => {
    fc.assert(
      fc.property(fc.anything(), (junk) => {
        expect(refusal(() => parseTestSet(junk))).toMatchObject({ kind: 'bad-input' });
      }),
    );
  });
});

describe('parseTestSetJson', () => {
  it('reads JSON', () => {
    expect(parseTestSetJson(JSON.stringify(set))).toEqual(set);
  });

  it.each(['', '{', '<!doctype html>', 'null', '[]', '"x"', '['.repeat(100_000)])('refuses %.20j', (json) => {
    expect(refusal(() => parseTestSetJson(json))).toMatchObject({ kind: 'bad-input', what: 'test set' });
  });
});

describe('hashTestSet', () => {
  it('does not depend on the order of keys', async () => {
    const hash = await hashTestSet(parseTestSet(set));
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(await hashTestSet(parseTestSet(reverseKeys(set)))).toBe(hash);
  });

  it('is one hash whether a default is written or left out', async () => {
    const { tags: _tags, ...untagged } = testCase;
    const written = parseTestSet({ ...set, cases: [{ ...testCase, tags: [] }] });
    expect(await hashTestSet(parseTestSet({ ...set, cases: [untagged] }))).toBe(await hashTestSet(written));
  });

  it.each([
    ['the title', { title: 'Logic 2' }],
    ['the system text', { system: 'Be brief.' }],
    ['a prompt', { cases: [{ ...testCase, prompt: 'How many legs has a cow?' }, set.cases[1]] }],
    [
      "a grader's option",
      { cases: [{ ...testCase, graders: [{ type: 'number', value: 5 }] }, set.cases[1]] },
    ],
    ['the order of cases', { cases: [...set.cases].reverse() }],
    ['a case less', { cases: [testCase] }],
  ])('depends on %s', async (_what, change) => {
    const changed = await hashTestSet(parseTestSet({ ...set, ...change }));
    expect(changed).not.toBe(await hashTestSet(parseTestSet(set)));
  });
});
