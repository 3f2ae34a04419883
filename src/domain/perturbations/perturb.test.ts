import { describe, expect, it } from 'vitest';
import { buildGeneratedItems } from '../generators/generated-set';
import { generatorRegistry } from '../generators/registry';
import { LANGUAGES } from '../generators/wording';
import { gradeAnswer } from '../graders/registry';
import { countUpTo } from '../seeded-stream';
import { parseTestSet, type Case } from '../sets/test-set';
import { perturb, PERTURBATION_KINDS } from './perturb';

const goldOf = ({ graders, choices }: Case): string => {
  const value = String(graders[0]?.['value']);
  return choices?.[value.charCodeAt(0) - 65] ?? value;
};
const kindOf = (each: Case, base: Case) => each.id.slice(base.id.length + 1);
const wordsOf = ({ prompt }: Case) => prompt.split(' ').sort();
/** Without one piece of it the longer text is the shorter one. */
const dropSomething = (longer: string, shorter: string) => {
  const more = longer.length - shorter.length;
  return (
    more > 0 &&
    countUpTo(shorter.length).some((at) => longer.slice(0, at) + longer.slice(at + more) === shorter)
  );
};

/** What must not change the answer, and how many items there are per family and language. */
const N = 60;
const generated = [...generatorRegistry.keys()].flatMap((generator) =>
  LANGUAGES.map((language) => ({ generator, language })),
);

describe.each(generated)('variants of $generator in $language', ({ generator, language }) => {
  const families = [1, 3, 5]
    .flatMap((difficulty) => buildGeneratedItems({ generator, language, seed: 31, n: N / 3, difficulty }))
    .map((item) => perturb(item, PERTURBATION_KINDS, 5));

  it('are in the group of the base, first of all, and repeat for the same seed', () => {
    const items = buildGeneratedItems({ generator, language, seed: 31, n: 3, difficulty: 3 });
    for (const item of items) {
      const cases = perturb(item, PERTURBATION_KINDS, 5);
      expect(cases[0]).toEqual({ ...item.base, group: item.base.id });
      expect(new Set(cases.map(({ group }) => group))).toEqual(new Set([item.base.id]));
      expect(perturb(item, PERTURBATION_KINDS, 5)).toEqual(cases);
      expect(perturb(item, [], 5)).toHaveLength(1);
    }
    const set = {
      id: 'set',
      title: 'Set',
      language,
      licence: 'MIT',
      cases: items.flatMap((each) => perturb(each, PERTURBATION_KINDS, 5)),
    };
    expect(parseTestSet(set)).toEqual(set);
  });

  it('are of every kind that makes sense, and none is the base over again', () => {
    for (const [base, ...variants] of families) {
      if (base === undefined) continue;
      const kinds = variants.map((each) => kindOf(each, base));
      for (const kind of ['entity-renaming', 'premise-order', 'irrelevant-premise', 'negation'])
        expect(kinds).toContain(kind);
      expect(kinds.includes('option-order')).toBe(base.choices !== undefined);
      const shown = [base, ...variants].map(({ prompt, choices }) => `${prompt} ${String(choices)}`);
      expect(new Set(shown).size).toBe(shown.length);
    }
  });

  it('change the answer only where names or the question change', () => {
    for (const [base, ...variants] of families) {
      for (const variant of variants) {
        if (base === undefined) continue;
        const kind = kindOf(variant, base);
        if (kind === 'option-order')
          expect([...(variant.choices ?? [])].sort()).toEqual([...(base.choices ?? [])].sort());
        if (kind === 'premise-order') expect(wordsOf(variant)).toEqual(wordsOf(base));
        if (kind === 'irrelevant-premise') expect(dropSomething(variant.prompt, base.prompt)).toBe(true);
        const keeps = ['option-order', 'premise-order', 'irrelevant-premise'].includes(kind);
        if (keeps) expect(goldOf(variant), variant.prompt).toBe(goldOf(base));
        // The same place among the options: only their names are new.
        if (kind === 'entity-renaming')
          expect(variant.graders[0]?.['value']).toBe(base.graders[0]?.['value']);
      }
    }
  });

  it('are graded by their own answer', async () => {
    for (const each of families.flat()) {
      expect((await gradeAnswer(goldOf(each), each)).status).toBe('pass');
      const wrong = each.choices?.find((choice) => choice !== goldOf(each)) ?? `${Number(goldOf(each)) + 1}`;
      expect((await gradeAnswer(wrong, each)).status).toBe('fail');
    }
  });

  // Where the question is denied the answer turns round; elsewhere a premise is told through its opposite.
  it('turn the answer round when the question is denied', () => {
    const pairs = families.flatMap(([base, ...variants]) => {
      const negated = variants.find((each) => base !== undefined && kindOf(each, base) === 'negation');
      return base === undefined || negated === undefined ? [] : [[goldOf(base), goldOf(negated)] as const];
    });
    const turned = pairs.filter(([one, other]) => one !== other).length;
    const expected = TURNED[generator] ?? [0, 0];
    expect(turned / pairs.length).toBeGreaterThanOrEqual(expected[0]);
    expect(turned / pairs.length).toBeLessThanOrEqual(expected[1]);
  });
});

/** The share of items whose answer the negation changes, at least and at most. */
const TURNED: Readonly<Record<string, readonly [number, number]>> = {
  'knights-and-knaves': [0.8, 1],
  counting: [0.8, 1],
  // Unknown stays unknown, and what does not follow may not be refuted either.
  'propositional-entailment': [0.4, 0.9],
  syllogisms: [0.3, 0.9],
};

describe('variants of an authored case', () => {
  const authored: Case = {
    id: 'colour',
    prompt: 'Which colour has the sky?',
    choices: ['red', 'blue', 'green', 'white'],
    graders: [{ type: 'choice', value: 'B' }],
    tags: ['easy'],
  };
  const variantOf = (each: Case) => perturb(each, PERTURBATION_KINDS, 1)[1];

  it.each([1, 2, 3, 4, 5, 6])('order its choices anew, seed %i', async (seed) => {
    const [base, variant, ...others] = perturb(authored, PERTURBATION_KINDS, seed);
    expect(base).toEqual({ ...authored, group: 'colour' });
    expect(others).toEqual([]);
    expect(variant).toMatchObject({ id: 'colour-option-order', group: 'colour', tags: ['easy'] });
    expect(variant?.choices).not.toEqual(authored.choices);
    if (variant === undefined) return;
    const place = variant.choices?.indexOf('blue') ?? -1;
    expect((await gradeAnswer('blue', variant)).status).toBe('pass');
    expect((await gradeAnswer(String.fromCharCode(65 + place), variant)).status).toBe('pass');
    expect((await gradeAnswer('white', variant)).status).toBe('fail');
  });

  it('keep a group that it has', () => {
    expect(perturb({ ...authored, group: 'sky' }, ['option-order'], 1).map(({ group }) => group)).toEqual([
      'sky',
      'sky',
    ]);
  });

  it('keep a right choice that is named by its text, or is itself a letter', () => {
    const byText = variantOf({ ...authored, graders: [{ type: 'choice', value: 'blue' }] });
    expect(byText?.graders).toEqual([{ type: 'choice', value: 'blue' }]);
    const letters = variantOf({ ...authored, choices: ['D', 'C', 'B', 'A'] });
    expect(letters?.graders).toEqual([{ type: 'choice', value: 'B' }]);
  });

  it('move the options of the grader along', async () => {
    const options = ['red', { text: 'blue', aliases: ['azure'] }, 'green', 'white'];
    const variant = variantOf({ ...authored, graders: [{ type: 'choice', value: 'B', options }] });
    if (variant === undefined) throw new Error('no variant');
    expect((await gradeAnswer('azure', variant)).status).toBe('pass');
    expect(
      (await gradeAnswer(String.fromCharCode(65 + (variant.choices?.indexOf('blue') ?? 0)), variant)).status,
    ).toBe('pass');
  });

  it.each<Partial<Case>>([
    { choices: undefined },
    { choices: ['red', 'blue', 'all of the above'] },
    { choices: ['красный', 'синий', 'ни один из них'] },
    {
      graders: [
        { type: 'choice', value: 'B' },
        { type: 'contains', value: 'B' },
      ],
    },
    { graders: [{ type: 'something-else', value: 1 }] },
  ])('are none where the order matters or is not known to: %j', (change) => {
    expect(perturb({ ...authored, ...change }, PERTURBATION_KINDS, 1)).toHaveLength(1);
  });
});
