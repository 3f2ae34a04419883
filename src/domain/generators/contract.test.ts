import fc from 'fast-check';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import { gradeAnswer } from '../graders/registry';
import { PERTURBATION_KINDS } from '../perturbations/perturb';
import { hashTestSet, parseTestSet, type Case } from '../sets/test-set';
import { FIXED_RUNS, HANG_MS, RUNS } from '../testing/hostile';
import {
  buildGeneratedSet,
  checkGeneratorSpec,
  encodeGeneratorSpec,
  findGeneratorSpec,
  nameGeneratedSet,
  parseGeneratorSpec,
  type GeneratorSpec,
} from './generated-set';
import { generatorRegistry } from './registry';
import { LANGUAGES } from './wording';

/** SHA-256 of the set that each link stands for. */
const PINNED: Readonly<Record<string, string>> = {
  'calendar-arithmetic.3.en.7.40': 'd514e52bc9dd9044a2f13a334f9045ebe56e4d5ae9b3491d77cf8faf54592be4',
  'calendar-arithmetic.3.ru.7.40': '6f4b67dff76d18401af67252d8855ae9ad0331f140d40e5855574f85bdfd8a85',
  'counting.3.en.7.40': '05ab422502cf058bff547cd578d34594036903d829f0809dda856dc761cb01b7',
  'counting.3.ru.7.40': 'e5608a35bbbf195e712bf4979263612c898d15ecadf80d7c6e4e0ff2a1c2bc15',
  'family-relations.3.en.7.40': '239d8fbd87f809cde43cb793ce698850a5f040a89b9b10ac7ca381ccd8f007d8',
  'family-relations.3.ru.7.40': '043f89f604a6a2adbb63e7368a70c89046b42f9a134d63087924383d0a0cd3c4',
  'knights-and-knaves.3.en.7.40': 'f265f34122904ac51e82d230850051bb9d8a3c10d8f81de124468feb83761aad',
  'knights-and-knaves.3.ru.7.40': '92849d460ab57aaa80cabe3cc071c774da7a49ee4f6ad3c8c297677495267dfc',
  'ordering.3.en.7.40': '6bd5f38b545dc8442cc86920e1f74d22eb30814c3aaf40d807ce98bdf9f4b75e',
  'ordering.3.ru.7.40': '4db26bac8f136ca1d3656edf2d0a692b9fc2315caa75965aca74c2836e9d952e',
  'propositional-entailment.3.en.7.40': 'e63811406265176c62e6ffc89e9032ddd5a6c2eb5f125a32235eaa6ac9a84e37',
  'propositional-entailment.3.ru.7.40': 'da0e2517740d4b97f5583d15cd73b334e95f1f305b5ce789930170255e1b2096',
  'syllogisms.3.en.7.40': 'd685a8d828fabe630cc8b1193ae7198e3b58512922df5dc0fcca044f8fee4798',
  'syllogisms.3.ru.7.40': '7326cf21f7275b04f238b34e72f836fd010cc198a2cf27db5a810fb395808cce',
  'zebra.3.en.7.40': '9b785a3a099abdd38071fbdb698ed2ad3803b52e74223b8aa8c2e0548cd2375f',
  'zebra.3.ru.7.40': 'aeccbb95b05e58cb9da79a0f7c28bfcb0bbf3e07ed3c3eaf54597978a2ec2923',
};

/** The same with all variants: these must not change either. */
const PINNED_VARIANTS: Readonly<Record<string, string>> = {
  'calendar-arithmetic.3.en.7.8.oepin': 'a1070d0ca5039459cc603dd59d1bddfab1f48d7bbf3e15392280d2cb182e6bc7',
  'calendar-arithmetic.3.ru.7.8.oepin': '15069bbc6fd3fc68bcbd7fa24e484545a34976eab261d63e7559cdf252ed2a8f',
  'counting.3.en.7.8.oepin': 'cabf3ecc917885e41d3ee9fea9d1a6a39cce87c12b52491d39a37fc6784ca97f',
  'counting.3.ru.7.8.oepin': '4b32a9a513bd5ad815b5841d0ae98d69d43efaf8bf7551276718968058763b61',
  'family-relations.3.en.7.8.oepin': 'd005b30b18a77dd9819c391a7f8c3f093073d28ceea3188deee4b8815682ff79',
  'family-relations.3.ru.7.8.oepin': 'fc68709bbb4410de77fdddf02199b78cf8ae4c6c7203ea12b4881e05adc4adce',
  'knights-and-knaves.3.en.7.8.oepin': '827eefae724bc91494ccfd5bddb720fd80895c50e92454a3dfb6c54bf8a8a67d',
  'knights-and-knaves.3.ru.7.8.oepin': 'e2d8b1417b63d28ba539a93c4ec9948796c76f5cf0a225c80c2fbcce9a899fa4',
  'ordering.3.en.7.8.oepin': '56619f81690b2d1ae463788422bd52356af6607abd5888bfc2feff90a70b1900',
  'ordering.3.ru.7.8.oepin': '414cc300f8b1af24814bbf044e3b7571da88b5e7255ccf05e6888eb2cc1cb7f6',
  'propositional-entailment.3.en.7.8.oepin':
    '4d73d7a3fac6328ae014a1128f7830fceea0f3cd4d47fa0d23abde60d3cd5eea',
  'propositional-entailment.3.ru.7.8.oepin':
    '9e29f87700414716ad39913386b3f9d9518582cfe54e5c4c05ada356d50c9caa',
  'syllogisms.3.en.7.8.oepin': '2e1b278721837d25fb2b3a773f7ff45108bf92c0e08420a1453141332398e44a',
  'syllogisms.3.ru.7.8.oepin': '819cc1f4f1c20fc25b2e802c3cf70f8a455b65ce5815ccf4be7a2ed7e4674d23',
  'zebra.3.en.7.8.oepin': 'd96f1300f810c9378c646ad96db94968660ac5296284ea16676b615506576292',
  'zebra.3.ru.7.8.oepin': '56efe2f2d9c55f8bb2e2caa98bd927c72fb648258c9f6e45f0abce76a99659d3',
};

const generators = [...generatorRegistry.values()];
const DIFFICULTIES = [1, 2, 3, 4, 5];
const SAMPLED = 60;
/** Of each difficulty: each is answered in ten ways and more. */
const GRADED = Math.min(SAMPLED, Math.ceil(RUNS / 100));

const specs: fc.Arbitrary<GeneratorSpec> = fc.record(
  {
    generator: fc.constantFrom(...generatorRegistry.keys()),
    seed: fc.nat({ max: 0xffff_ffff }),
    n: fc.integer({ min: 1, max: 2_000 }),
    difficulty: fc.integer({ min: 1, max: 5 }),
    language: fc.constantFrom(...LANGUAGES),
    variants: fc.subarray([...PERTURBATION_KINDS], { minLength: 1 }),
  },
  { requiredKeys: ['generator', 'seed', 'n', 'difficulty', 'language'] },
);

interface Form {
  readonly text: string;
  readonly aliases: readonly string[];
}

/** What the choice grader of a generated case holds. */
function readOptions(testCase: Case): { readonly options: readonly Form[]; readonly right: number } {
  const spec = testCase.graders[0];
  const options = spec?.['options'] as readonly Form[];
  return { options, right: String(spec?.['value']).charCodeAt(0) - 65 };
}

const letter = (at: number) => String.fromCharCode(65 + at);

/** The ways in which people write that they chose an option, and nothing else. */
function writeAnswers({ text, aliases }: Form, at: number, language: string): string[] {
  const said = language === 'en' ? `The answer is ${text}.` : `Ответ: ${text}.`;
  return [text, letter(at), `${letter(at)}. ${text}`, `**${text}**`, said, ...aliases];
}

describe.each(generators.map((each) => [each.id, each] as const))('%s', (id, generator) => {
  it('has its own file', () => {
    expect(existsSync(new URL(`./${id}.ts`, import.meta.url))).toBe(true);
  });

  describe.each(LANGUAGES)('in %s', (language) => {
    it.each(DIFFICULTIES)('makes a set of difficulty %i that parses, grades and repeats', (difficulty) => {
      const spec = { generator: id, seed: 11, n: SAMPLED, difficulty, language };
      const set = buildGeneratedSet(spec);
      expect(parseTestSet(set)).toEqual(set);
      expect(set.id).toBe(nameGeneratedSet(spec));
      expect(buildGeneratedSet(spec)).toEqual(set);
      expect(buildGeneratedSet({ ...spec, seed: 12 }).cases).not.toEqual(set.cases);
      // Longer sets begin with the shorter ones.
      expect(buildGeneratedSet({ ...spec, n: 7 }).cases).toEqual(set.cases.slice(0, 7));
      expect(new Set(set.cases.map(({ prompt }) => prompt)).size).toBe(SAMPLED);
    });

    it('has no gaps in its sentences', () => {
      for (const { prompt, explanation = '' } of DIFFICULTIES.flatMap((difficulty) =>
        generator.generate({ seed: 3, n: SAMPLED, difficulty, language }),
      )) {
        for (const text of [prompt, explanation]) {
          expect(text).not.toMatch(/undefined|null|NaN|\[object| {2}|\s[.,;:?!]|[.?!] \p{Ll}|^\s|\s$/u);
          const letters = language === 'en' ? /[а-яё]/iu : /[a-z]/iu;
          expect(text).not.toMatch(letters);
        }
      }
    });

    it('accepts the right answer as people write it, and no other', { timeout: HANG_MS }, async () => {
      for (const difficulty of DIFFICULTIES) {
        for (const each of generator.generate({ seed: 5, n: GRADED, difficulty, language })) {
          if (each.choices === undefined) {
            const value = Number(each.graders[0]?.['value']);
            for (const answer of [
              `${value}`,
              `**${value}**`,
              language === 'en' ? `It is ${value}.` : `Их ${value}.`,
            ])
              expect((await gradeAnswer(answer, each)).status, answer).toBe('pass');
            for (const answer of ['', `${value + 1}`, `${value * 2 + 1}`, `-${value + 1}`])
              expect((await gradeAnswer(answer, each)).status, answer).toBe('fail');
            continue;
          }
          const { options, right } = readOptions(each);
          expect(options.map(({ text }) => text)).toEqual(each.choices);
          for (const [at, option] of options.entries()) {
            const answers = at === right ? writeAnswers(option, at, language) : [option.text, letter(at)];
            for (const answer of answers) {
              const { status } = await gradeAnswer(answer, each);
              expect(status, `${answer} to ${each.prompt}`).toBe(at === right ? 'pass' : 'fail');
            }
          }
          const all = each.choices.join(', ');
          for (const answer of [
            '',
            all,
            each.prompt,
            each.choices.join(language === 'en' ? ' or ' : ' или '),
          ])
            expect((await gradeAnswer(answer, each)).status, answer).toBe('fail');
        }
      }
    });

    it('is not answered by always saying the same', () => {
      const cases = DIFFICULTIES.flatMap((difficulty) =>
        generator.generate({ seed: 9, n: 200, difficulty, language }),
      );
      const counts = new Map<string, number>();
      for (const { graders } of cases) {
        const gold = String(graders[0]?.['value']);
        counts.set(gold, (counts.get(gold) ?? 0) + 1);
      }
      const most = Math.max(...counts.values());
      expect(most / cases.length).toBeLessThan(0.6);
    });
  });

  it('has the same problems in both languages', () => {
    const golds = LANGUAGES.map((language) =>
      generator
        .generate({ seed: 21, n: 50, difficulty: 3, language })
        .map(({ graders, choices }) => [graders[0]?.['value'], choices?.length]),
    );
    expect(golds[0]).toEqual(golds[1]);
  });

  it('grows with its difficulty', () => {
    const lengths = DIFFICULTIES.map((difficulty) =>
      generator
        .generate({ seed: 2, n: 40, difficulty, language: 'en' })
        .reduce((sum, { prompt }) => sum + prompt.length, 0),
    );
    expect(lengths[4]).toBeGreaterThan(1.2 * (lengths[0] ?? Infinity));
  });
});

describe('the spec of a generated set', () => {
  it('fits into 54 characters and is read back', () => {
    fc.assert(
      fc.property(specs, (spec) => {
        const text = encodeGeneratorSpec(spec);
        expect(text.length).toBeLessThanOrEqual(54);
        expect(parseGeneratorSpec(text)).toEqual(spec);
        expect(findGeneratorSpec(nameGeneratedSet(spec))).toEqual(spec);
      }),
    );
    expect(encodeGeneratorSpec({ generator: 'zebra', seed: 7, n: 100, difficulty: 3, language: 'en' })).toBe(
      'zebra.3.en.7.100',
    );
    expect(
      nameGeneratedSet({ generator: 'knights-and-knaves', seed: 7, n: 100, difficulty: 3, language: 'en' }),
    ).toBe('gen-knights-and-knaves-7-100-3-en');
  });

  it('names the variants of each item', () => {
    const spec = parseGeneratorSpec('zebra.3.en.7.2.oepin');
    expect(spec.variants).toEqual(PERTURBATION_KINDS);
    const { id, title, cases } = buildGeneratedSet(spec);
    expect(id).toBe('gen-zebra-7-2-3-en-oepin');
    expect(findGeneratorSpec(id)).toEqual(spec);
    expect(title).toMatch(/ \+5$/);
    expect(cases.filter(({ id: caseId, group }) => caseId === group).map(({ prompt }) => prompt)).toEqual(
      buildGeneratedSet(parseGeneratorSpec('zebra.3.en.7.2')).cases.map(({ prompt }) => prompt),
    );
  });

  it.each([
    '',
    'zebra',
    'zebra.3.en.7',
    'zebra.6.en.7.100',
    'zebra.0.en.7.100',
    'zebra.3.de.7.100',
    'zebra.3.en.-7.100',
    'zebra.3.en.07.100',
    'zebra.3.en.7.0',
    'zebra.3.en.7.9999',
    'zebra.3.en.4294967296.100',
    'giraffe.3.en.7.100',
    'zebra.3.en.7.100 ',
    'zebra.3.en.7.1e2',
    'zebra.3.en.7.100.',
    'zebra.3.en.7.100.x',
    'zebra.3.en.7.100.oo',
    'zebra.3.en.7.100.no',
    'zebra.3.en.7.100.oepino',
    'zebra.3.en.7.100.o.n',
  ])('refuses %j', (text) => {
    expect(() => parseGeneratorSpec(text)).toThrow(FaultError);
  });

  it('throws nothing but bad input, whatever the text', () => {
    const pieces = fc.constantFrom(
      'zebra',
      'ordering',
      '.',
      '-',
      'gen-',
      '3',
      'en',
      'ru',
      '7',
      '100',
      'x',
      'oepin',
      'o',
      'n',
      '\u0000',
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          expect(encodeGeneratorSpec(parseGeneratorSpec(text))).toBe(text);
        } catch (error) {
          expect(error).toBeInstanceOf(FaultError);
        }
        const found = findGeneratorSpec(text);
        if (found !== undefined) expect(nameGeneratedSet(found)).toBe(text);
      }),
      FIXED_RUNS,
    );
  });

  it.each([
    {},
    { generator: 'zebra' },
    { generator: 'zebra', seed: 0.5, n: 1, difficulty: 1, language: 'en' },
    null,
  ])('checks %j', (input) => {
    expect(() => checkGeneratorSpec(input)).toThrow(FaultError);
  });

  it('finds no spec in the ids of other sets', () => {
    for (const id of [
      'logic-en',
      'gen-',
      'gen-zebra-7-100-3',
      'gen-zebra-07-100-3-en',
      'gen-lion-7-100-3-en',
      'gen-zebra-7-100-3-en-',
      'gen-zebra-7-100-3-en-no',
      'gen-zebra-7-100-3-en-x',
    ])
      expect(findGeneratorSpec(id)).toBeUndefined();
  });

  // A link holds the spec and not the cases: what these sets are must never change. New wording is a new generator.
  it.each(Object.entries({ ...PINNED, ...PINNED_VARIANTS }))(
    'still builds %s as it was',
    async (text, sha256) => {
      expect(await hashTestSet(buildGeneratedSet(parseGeneratorSpec(text)))).toBe(sha256);
    },
  );
});
