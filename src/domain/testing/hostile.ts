import fc from 'fast-check';
import { FaultError } from '../fault';

/**
 * Inputs for every parser of what others wrote: a few hundred in the everyday run, 10,000 and more in `npm run fuzz`.
 * The seed is fixed, so that every machine reads the same ones.
 */
export const RUNS = Number(process.env['FUZZ_RUNS'] ?? 300);
/** More than the default run, as `npm run fuzz` asks for. */
export const IS_THOROUGH = RUNS > 1_000;
export const FIXED_RUNS = { numRuns: RUNS, seed: Number(process.env['FUZZ_SEED'] ?? 6) } as const;

/** Ends a test that hangs. Nothing here is slow enough to come near it, at any number of runs. */
export const HANG_MS = 1_200_000;

/** Long enough for what grows with the square of its length to show. */
const LONGEST_TEXT = 4_000;

/** What a field must not be believed to be. */
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1e300,
  -1e-300,
  Number.NaN,
  Infinity,
  2 ** 53,
  '',
  ' ',
  'x',
  '../..',
  'a'.repeat(5_000),
  '\u0000\ud83e',
  '__proto__',
  '(a+)+$',
  '2026-13-45',
  'A'.repeat(64),
  [],
  [[]],
  Array.from({ length: 300 }, () => 'x'),
  {},
  { constructor: { prototype: 1 } },
  JSON.parse('{"__proto__":{"type":"x"}}'),
];

interface Edit {
  /** Picks a value on the way down, and where to stop. */
  readonly path: readonly number[];
  readonly kind: 'replace' | 'delete' | 'repeat' | 'add' | 'nest';
  readonly value: unknown;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  path: fc.array(fc.nat(40), { minLength: 1, maxLength: 7 }),
  kind: fc.constantFrom('replace', 'replace', 'delete', 'repeat', 'add', 'nest'),
  value: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...ODD_VALUES) },
    fc.jsonValue({ maxDepth: 2 }),
    fc.string({ maxLength: 30 }),
    fc.double(),
  ),
});

/** Valid data with a few things in it changed, so that all but one check of a parser is passed; and plain nonsense. */
export function mutatedData(samples: readonly unknown[]): fc.Arbitrary<unknown> {
  return fc.oneof(
    {
      weight: 12,
      arbitrary: fc
        .tuple(fc.constantFrom(...samples), fc.array(edit, { minLength: 1, maxLength: 4 }))
        .map(([sample, edits]) => edits.reduce(applyEdit, structuredClone(sample))),
    },
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
    fc.jsonValue(),
  );
}

function applyEdit(data: unknown, { path, kind, value }: Edit): unknown {
  const [step, ...rest] = path;
  if (typeof data !== 'object' || data === null || step === undefined) {
    return kind === 'nest' ? [data] : value;
  }
  if (Array.isArray(data)) {
    const items: readonly unknown[] = data;
    const at = step % (items.length + 1);
    if (rest.length > 0 && at < items.length) {
      return items.map((item, index) => (index === at ? applyEdit(item, { path: rest, kind, value }) : item));
    }
    if (kind === 'delete') return items.filter((_item, index) => index !== at);
    if (kind === 'repeat') return [...items, ...items];
    return kind === 'nest' ? [items] : [...items.slice(0, at), value, ...items.slice(at + 1)];
  }
  const entries: readonly (readonly [string, unknown])[] = Object.entries(data);
  const [key, inner] = entries[step % (entries.length + 1)] ?? ['unknown', undefined];
  if (kind === 'delete') return Object.fromEntries(entries.filter(([name]) => name !== key));
  if (kind === 'add') return { ...data, [typeof value === 'string' ? value : 'more']: value };
  const next = rest.length > 0 || kind === 'nest' ? applyEdit(inner, { path: rest, kind, value }) : value;
  return { ...data, [key]: next };
}

/** Pieces that mean something in one language or another. */
const ODD_TEXTS = [
  ...[
    '{',
    '}',
    '[',
    ']',
    '(',
    ')',
    '"',
    "'",
    '\\',
    ',',
    ':',
    ';',
    '.',
    '..',
    '/',
    '#',
    '=',
    '%',
    '&',
    '|',
    '<',
  ],
  ...[
    '>',
    '<!--',
    ']]>',
    '<![CDATA[',
    '&a;',
    '{{',
    '}}',
    '{%',
    '%}',
    '- ',
    '\n',
    '\r\n',
    '\t',
    '  ',
    '\u0000',
  ],
  ...[
    '\ufeff',
    '\ud83e',
    '\u202e',
    '1e999',
    '-0',
    '١٢',
    '½',
    'null',
    'true',
    '__proto__',
    '&a [*a, *a]',
    '!!js',
  ],
  ...[
    '!function x',
    '->',
    '<->',
    '¬',
    '∧',
    'not ',
    'и',
    'или ',
    '\\boxed{',
    '\\frac{1}{',
    '((((((((',
    '[[[[[[[[',
  ],
];

/** Valid texts cut, spliced and strewn with what parsers stumble over; and any text. */
export function mutatedText(samples: readonly string[]): fc.Arbitrary<string> {
  const sample = fc.constantFrom(...samples);
  const piece = fc.oneof(fc.constantFrom(...ODD_TEXTS), fc.string({ unit: 'binary', maxLength: 8 }), sample);
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const change = fc.record({
    at: share,
    drop: fc.oneof(fc.nat(3), fc.nat(200)),
    piece,
    times: fc.oneof(fc.constant(1), fc.nat(60)),
  });
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc.tuple(sample, fc.array(change, { minLength: 1, maxLength: 4 })).map(([text, changes]) =>
        changes.reduce((changed, { at, drop, piece: inserted, times }) => {
          const start = Math.floor(at * changed.length);
          return `${changed.slice(0, start)}${inserted.repeat(times)}${changed.slice(start + drop)}`.slice(
            0,
            LONGEST_TEXT,
          );
        }, text),
      ),
    },
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary', maxLength: 200 }),
  );
}

/**
 * Reads every input of `failedBefore`, then `RUNS` others, so many `together`.
 * @throws whatever `parse` throws but a `bad-input` fault
 */
export async function expectHarmless<Input>(
  inputs: fc.Arbitrary<Input>,
  parse: (input: Input) => unknown,
  { together = 1, failedBefore = [] }: { together?: number; failedBefore?: readonly Input[] } = {},
): Promise<void> {
  for (const input of failedBefore) await expectReadOrRefused(() => parse(input));
  const batches = fc.array(inputs, { minLength: together, maxLength: together });
  await fc.assert(
    fc.asyncProperty(batches, async (batch) => {
      await Promise.all(batch.map((input) => expectReadOrRefused(() => parse(input))));
    }),
    { ...FIXED_RUNS, numRuns: Math.ceil(RUNS / together) },
  );
}

async function expectReadOrRefused(parse: () => unknown): Promise<void> {
  try {
    await parse();
  } catch (error) {
    if (!(error instanceof FaultError) || error.fault.kind !== 'bad-input') throw error;
  }
}
