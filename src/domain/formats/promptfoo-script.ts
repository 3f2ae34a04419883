import * as v from 'valibot';
import type { Case, GraderSpec } from '../sets/test-set';

/** What promptfoo's own assertions do as ours do; of these only some options of ours are unknown there. */
const OWN_TYPES: ReadonlySet<string> = new Set([
  ...[
    'abstain',
    'assignment',
    'choice',
    'entailment',
    'logic-equivalence',
    'multiple-choice',
    'number',
    'ordering',
  ],
  ...['self-consistency', 'set', 'solver'],
]);
const NEGATION = 'not-';

const itemSchema = v.union([
  v.pipe(
    v.string(),
    v.transform((text) => [text]),
  ),
  v.pipe(
    v.object({ text: v.string(), aliases: v.optional(v.array(v.string()), []) }),
    v.transform(({ text, aliases }) => [text, ...aliases]),
  ),
]);
const itemsSchema = v.array(itemSchema);

/** `found` is where the answer names which of the `items`, in order; of names within each other the longest counts. */
const FIND_MENTIONS = `
const text = output.toLowerCase().replace(/[*_\`]/g, '').replace(/[’ʼ]/g, "'");
const isWord = (character) => /[\\p{L}\\p{N}]/u.test(character ?? '');
const all = [];
items.forEach((names, item) => names.forEach((name) => {
  for (let at = text.indexOf(name); name !== '' && at !== -1; at = text.indexOf(name, at + 1)) {
    if (!isWord(text[at - 1]) && !isWord(text[at + name.length])) all.push([at, at + name.length, item]);
  }
}));
const found = all
  .filter(([at, end]) => !all.some(([from, to]) => from <= at && to >= end && to - from > end - at))
  .sort((one, other) => one[0] - other[0])
  .map(([, , item]) => item);
`;

const ENTAILMENT: Readonly<Record<string, readonly string[]>> = {
  true: ['true', 'yes', 'correct', 'истина', 'верно', 'правда', 'да'],
  false: ['false', 'no', 'incorrect', 'not true', 'ложь', 'неверно', 'не верно', 'неправда', 'нет'],
  unknown: [
    ...['unknown', 'uncertain', 'undetermined', 'cannot be determined', 'not enough information'],
    ...['неизвестно', 'нельзя определить', 'недостаточно данных', 'недостаточно информации'],
  ],
};

/**
 * A grader of ours as an assertion that promptfoo runs: where it has none of the kind, as plain code that reads answers
 * more simply than ours does (the last thing that is named counts). What has no such form fails there with a reason. The
 * grader itself travels along in `config`, so that importing the file again loses nothing.
 * @returns undefined for graders that promptfoo has itself
 */
export function writeAsScript(spec: GraderSpec, testCase: Case): GraderSpec | undefined {
  const negated = spec.type.startsWith(NEGATION);
  const type = negated ? spec.type.slice(NEGATION.length) : spec.type;
  const changed = OWN_TYPES.has(type) || usesOwnOptions(type, spec);
  if (!changed) return undefined;
  const code = writeCode(type, spec, testCase);
  return {
    type: code !== undefined && negated ? 'not-javascript' : 'javascript',
    ...(spec.weight !== undefined && { weight: spec.weight }),
    ...(spec.metric !== undefined && { metric: spec.metric }),
    value: code ?? refuse(type),
    config: { wizardbench: spec },
  };
}

function usesOwnOptions(type: string, spec: GraderSpec): boolean {
  return (
    (type === 'equals' && ('ignoreCase' in spec || 'ignorePunctuation' in spec)) ||
    (type === 'regex' && 'flags' in spec)
  );
}

/** Never a silent pass: of several answers the majority is not known there, and the rest cannot be judged. */
function refuse(type: string): string {
  const pass = type === 'self-consistency';
  const reason = pass ? 'each answer counts by itself here' : `only WizardBench grades by ${type}`;
  return `// ${reason}\nreturn ${JSON.stringify({ pass, score: Number(pass), reason })};`;
}

/** One line is an expression in promptfoo, several are the body of a function. */
function writeCode(type: string, spec: GraderSpec, testCase: Case): string | undefined {
  switch (type) {
    case 'choice':
    case 'multiple-choice':
      return writeChoice(spec, testCase);
    case 'entailment': {
      const answers = Object.keys(ENTAILMENT);
      const right = answers.indexOf(String(spec.value));
      return right === -1
        ? undefined
        : writeMentions(Object.values(ENTAILMENT), `return found.at(-1) === ${right};`);
    }
    case 'ordering': {
      const items = readItems(spec.value);
      return (
        items &&
        writeMentions(items, `return found.slice(-items.length).join() === [...items.keys()].join();`)
      );
    }
    case 'set':
      return writeSet(spec, testCase);
    case 'number':
      return writeNumber(spec);
    case 'abstain':
      return `/\\b(?:i (?:do not|don't|cannot|can't) (?:know|tell|say|answer)|no idea|not sure)|не знаю|не могу (?:сказать|ответить)/iu.test(output)`;
    case 'equals':
      return writeEquals(spec);
    case 'regex': {
      const { flags } = spec;
      return `new RegExp(${quote(String(spec.value))}, ${quote(typeof flags === 'string' ? flags : '')}).test(output)`;
    }
    default:
      return undefined;
  }
}

function writeChoice(spec: GraderSpec, { choices }: Case): string | undefined {
  const items = readItems(spec['options']) ?? readItems(choices);
  if (items === undefined) return undefined;
  const { value } = spec;
  const named = items.findIndex((names) => typeof value === 'string' && names.includes(value.toLowerCase()));
  const label =
    typeof value === 'string' && /^[A-Za-z]$/.test(value.trim()) ? value.trim().toUpperCase() : '';
  const right = typeof value === 'number' ? value : named === -1 ? label.charCodeAt(0) - 65 : named;
  if (!(right >= 0 && right < items.length)) return undefined;
  if (spec['options'] !== undefined) return writeMentions(items, `return found.at(-1) === ${right};`);
  return writeMentions(
    items,
    `const labels = [...output.matchAll(/\\(([A-Z])\\)|(?<![\\p{L}\\p{N}'])([A-Z])(?=[).:]|[\\s*]*$)/gu)];
const label = labels.at(-1)?.slice(1).find(Boolean);
return (label === undefined ? found.at(-1) : label.charCodeAt(0) - 65) === ${right};`,
  );
}

function writeSet(spec: GraderSpec, { choices }: Case): string | undefined {
  const value = readItems(spec.value);
  if (value === undefined || value.length === 0) return undefined;
  const listed = readItems(spec['options']) ?? readItems(choices) ?? [];
  const others = listed.filter((names) => !value.some((known) => known.some((name) => names.includes(name))));
  return writeMentions(
    [...value, ...others],
    `return new Set(found).size === ${value.length} && Math.max(...found) < ${value.length};`,
  );
}

function writeNumber({ value, tolerance, relativeTolerance }: GraderSpec): string | undefined {
  const [, above = '', below = '1'] =
    /^\s*(-?\d+(?:[.,]\d+)?)\s*(?:\/\s*(\d+))?\s*%?\s*$/.exec(String(value)) ?? [];
  const wanted = Number(above.replace(',', '.')) / Number(below);
  if (above === '' || !Number.isFinite(wanted)) return undefined;
  const share = typeof relativeTolerance === 'number' ? relativeTolerance * Math.abs(wanted) : 0;
  const most = Math.max(typeof tolerance === 'number' ? tolerance : 0, share, 1e-9);
  return `const plain = output.replace(/(?<=\\d)[, \\u00a0\\u202f](?=\\d{3}(?!\\d))/g, '').replace(/\\u2212/g, '-');
const last = plain.match(/(?<![\\p{L}\\d])-?\\d+(?:[.,]\\d+)?(?:\\s*\\/\\s*\\d+)?/gu)?.at(-1) ?? '';
const [above, below = '1'] = last.replace(',', '.').split('/');
return last !== '' && Math.abs(Number(above) / Number(below) - ${wanted}) <= ${most};`;
}

function writeEquals({ value, ignoreCase, ignorePunctuation }: GraderSpec): string | undefined {
  if (typeof value !== 'string') return undefined;
  const steps = [
    ...(ignorePunctuation === true ? [`.replace(/[\\p{P}\\p{S}]/gu, '')`] : []),
    ...(ignoreCase === true ? ['.toLowerCase()'] : []),
  ].join('');
  return `const simplify = (text) => text${steps}.trim();\nreturn simplify(output) === simplify(${quote(value)});`;
}

function writeMentions(items: readonly (readonly string[])[], verdict: string): string {
  return `const items = ${quote(items)};${FIND_MENTIONS}${verdict}`;
}

function readItems(value: unknown): readonly (readonly string[])[] | undefined {
  const parsed = v.safeParse(itemsSchema, value);
  return parsed.success ? parsed.output.map((names) => names.map((name) => name.toLowerCase())) : undefined;
}

/** As a literal. */
function quote(value: unknown): string {
  return JSON.stringify(value).replace(/[\u2028\u2029]/g, (line) =>
    line === '\u2028' ? '\\u2028' : '\\u2029',
  );
}
