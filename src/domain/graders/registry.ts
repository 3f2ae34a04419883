import * as v from 'valibot';
import { stripReasoning } from '../text/reasoning';
import { badInput, FaultError } from '../fault';
import type { Case, GraderSpec } from '../sets/test-set';
import { findDeciding } from './deciding-reason';
import {
  notAvailable,
  type AnswerFacts,
  type CaseGrade,
  type GradeContext,
  type GradeOutcome,
  type Grader,
  type GraderOutcome,
  type GraderPorts,
  type NotRun,
  type Verdict,
} from './grader';
import * as graders from './index';
import { castVote } from './majority';
import { transformAnswer } from './parts/transform';

export const graderRegistry: ReadonlyMap<string, Grader> = new Map(
  Object.values(graders).map((grader) => [grader.id, grader]),
);

/** A group of graders that counts as one (promptfoo's `assert-set`); groups do not nest. */
const SET_TYPE = 'assert-set';
const partsSchema = v.array(v.looseObject({ type: v.string() }));
const NEGATION = 'not-';
/** Of what is wrong with options: it can repeat them. */
const DETAIL_CHARACTERS = 100;
/** Enough answers at once that a sandbox in another thread always has work. */
const BATCH = 64;

/** One grader, or set of them, before it is added up. */
interface Share {
  readonly outcome: GraderOutcome;
  readonly weight: number;
  readonly metrics: readonly { readonly name: string; readonly value: number; readonly weight: number }[];
}

/** Types of promptfoo that are one grader with an option in its name. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['similar:cosine', 'similar'],
  ['similar:dot', 'similar'],
  ['similar:euclidean', 'similar'],
]);

/** What types of promptfoo need that no page has. */
const LACKING: ReadonlyMap<string, string> = new Map([
  ['meteor', 'WordNet'],
  ['python', 'Python'],
  ['ruby', 'Ruby'],
]);

/** The grader of a type, and whether the type asks for its opposite. */
export function findGrader(type: string): { readonly grader: Grader; readonly negated: boolean } | undefined {
  const find = (id: string) => graderRegistry.get(ALIASES.get(id) ?? id);
  const grader = find(type);
  if (grader !== undefined) return { grader, negated: false };
  const opposite = type.startsWith(NEGATION) ? find(type.slice(NEGATION.length)) : undefined;
  return opposite && { grader: opposite, negated: true };
}

/** Reads a spec's options without grading. @throws FaultError `bad-input` for options or a grader nobody knows */
export function checkSpec(spec: GraderSpec): void {
  if (spec.type === SET_TYPE) {
    for (const part of readParts(spec)) checkSpec(part);
    return;
  }
  const found = findGrader(spec.type);
  if (found === undefined) throw badInput('grader', `unknown type ${spec.type}`);
  found.grader.check(spec);
}

/**
 * Grades an answer, less the reasoning that opens it, by all graders of its case. It passes when all that carry weight
 * pass or, where the case has a threshold, when the score reaches that (as in promptfoo).
 */
export async function gradeAnswer(
  answer: string,
  testCase: Case,
  context: GradeContext = {},
): Promise<CaseGrade> {
  const final = stripReasoning(answer);
  const read = new Map<GraderSpec, Share>();
  for (const spec of testCase.graders) {
    if (findGrader(spec.type)?.grader.readsVotes !== true)
      read.set(spec, await gradeSpec(final, spec, testCase, context));
  }
  const votes = vote([...read.values()], testCase);
  const shares: Share[] = [];
  for (const spec of testCase.graders) {
    shares.push(read.get(spec) ?? (await gradeSpec(final, spec, testCase, { ...context, ...votes })));
  }
  const { status, score } = addUp(shares, testCase.threshold);
  const metrics = addUpMetrics(shares);
  return { outcomes: shares.map(({ outcome }) => outcome), status, score, ...(metrics && { metrics }) };
}

/** The vote of this answer alone: of several answers there is a majority when all are in (`settleRepeats`). */
function vote(read: readonly Share[], { threshold }: Case): Pick<GradeContext, 'votes'> {
  const { status } = addUp(read, threshold);
  const outcomes = read.map(({ outcome }) => outcome);
  return status === 'not-run'
    ? {}
    : { votes: [castVote({ status, reason: findDeciding(status, outcomes) })] };
}

interface StoredAnswer {
  readonly answer: string;
  readonly testCase: Case;
  readonly facts?: AnswerFacts;
}

/** Grades many stored answers, in their order, without a model. */
export async function gradeAnswers(
  answers: readonly StoredAnswer[],
  ports: GraderPorts & Pick<GradeContext, 'language'>,
): Promise<readonly CaseGrade[]> {
  const grades: CaseGrade[] = [];
  for (let start = 0; start < answers.length; start += BATCH) {
    const batch = answers.slice(start, start + BATCH);
    grades.push(
      ...(await Promise.all(
        batch.map(({ answer, testCase, facts }) => gradeAnswer(answer, testCase, { ...facts, ...ports })),
      )),
    );
  }
  return grades;
}

function record(weight: number): Pick<GraderOutcome, 'recorded'> {
  return weight > 0 ? {} : { recorded: true };
}

async function gradeSpec(
  answer: string,
  spec: GraderSpec,
  testCase: Case,
  context: GradeContext,
): Promise<Share> {
  if (spec.type === SET_TYPE) return gradeSet(answer, spec, testCase, context);
  const weight = spec.weight ?? 1;
  const found = findGrader(spec.type);
  if (found === undefined) {
    const lacking = LACKING.get(
      spec.type.startsWith(NEGATION) ? spec.type.slice(NEGATION.length) : spec.type,
    );
    const verdict: NotRun =
      lacking === undefined
        ? { notRun: { code: 'unknown-grader', expected: spec.type } }
        : notAvailable(lacking);
    return { outcome: { type: spec.type, verdict }, weight, metrics: [] };
  }
  const { grader, negated } = found;
  const verdict = await run(grader.id, async () => {
    const given = await transformAnswer(answer, spec, testCase, context);
    if ('outcome' in given) return given.outcome;
    const outcome = await grader.grade(given.text, spec, testCase, { ...context, output: given.output });
    return negated && !('notRun' in outcome) ? grader.negate(outcome, spec) : outcome;
  });
  const counted = grader.counts ? weight : 0;
  return {
    outcome: { type: spec.type, verdict, ...record(counted) },
    weight: counted,
    metrics: 'notRun' in verdict ? [] : listMetrics(spec.metric, weight, verdict),
  };
}

async function gradeSet(
  answer: string,
  spec: GraderSpec,
  testCase: Case,
  context: GradeContext,
): Promise<Share> {
  const weight = spec.weight ?? 1;
  const parts: Share[] = [];
  const verdict = await run(SET_TYPE, async () => {
    for (const part of readParts(spec)) parts.push(await gradeSpec(answer, part, testCase, context));
    return describeSet(parts, spec.threshold);
  });
  const own = 'notRun' in verdict ? [] : listMetrics(spec.metric, weight, verdict);
  const inner = parts.flatMap(({ metrics }) =>
    metrics
      .filter(({ name }) => name !== spec.metric)
      .map((metric) => ({ ...metric, weight: metric.weight * weight })),
  );
  return {
    outcome: { type: spec.type, verdict, ...record(weight), parts: parts.map(({ outcome }) => outcome) },
    weight,
    metrics: [...own, ...inner],
  };
}

function readParts(spec: GraderSpec): readonly GraderSpec[] {
  const { assert: parts = [] } = spec;
  // A spec that a person types is not checked as a set's is.
  if (!v.is(partsSchema, parts)) throw badInput(SET_TYPE, 'expected a list of graders');
  if (parts.length === 0) throw badInput(SET_TYPE, 'it has no graders');
  if (parts.some(({ type }) => type === SET_TYPE)) throw badInput(SET_TYPE, 'sets do not nest');
  return parts;
}

function describeSet(parts: readonly Share[], threshold: number | undefined): GradeOutcome {
  const { status, score } = addUp(parts, threshold);
  const verdicts = parts.filter(({ weight }) => weight > 0).map(({ outcome }) => outcome.verdict);
  if (status === 'not-run') {
    const reasons = verdicts.flatMap((verdict) => ('notRun' in verdict ? [verdict.notRun] : []));
    return { notRun: reasons[0] ?? { code: 'not-available', expected: 'a grader that counts' } };
  }
  if (status === 'pass') return { pass: true, score, reason: { code: 'matched' } };
  const failed = verdicts.flatMap((verdict) => ('notRun' in verdict || verdict.pass ? [] : [verdict.reason]));
  return { pass: false, score, reason: failed[0] ?? { code: 'out-of-range' } };
}

function addUp(
  shares: readonly Share[],
  threshold: number | undefined,
): { readonly status: CaseGrade['status']; readonly score: number } {
  const counted = shares.filter(({ weight }) => weight > 0);
  const ran = counted.flatMap(({ outcome: { verdict }, weight }) =>
    'notRun' in verdict ? [] : [{ verdict, weight }],
  );
  const totalWeight = ran.reduce((sum, { weight }) => sum + weight, 0);
  const score =
    ran.reduce((sum, { verdict, weight }) => sum + verdict.score * weight, 0) / (totalWeight || 1);
  if (ran.length < counted.length || counted.length === 0) return { status: 'not-run', score };
  const isPassed = threshold === undefined ? ran.every(({ verdict }) => verdict.pass) : score >= threshold;
  return { status: isPassed ? 'pass' : 'fail', score };
}

function listMetrics(metric: string | undefined, weight: number, verdict: Verdict): Share['metrics'] {
  const own =
    metric === undefined ? [] : [{ name: metric, value: verdict.measured ?? verdict.score, weight }];
  const named = Object.entries(verdict.metrics ?? {})
    .filter(([name]) => name !== metric)
    .map(([name, value]) => ({ name, value, weight }));
  return [...own, ...named];
}

/** A metric of weights 0 only, which is merely recorded, is a plain mean. */
function addUpMetrics(shares: readonly Share[]): Readonly<Record<string, number>> | undefined {
  const all = shares.flatMap(({ metrics }) => metrics);
  if (all.length === 0) return undefined;
  const means = [...new Set(all.map(({ name }) => name))].map((name) => {
    const same = all.filter((metric) => metric.name === name);
    const isRecorded = same.every(({ weight }) => weight === 0);
    const weigh = (weight: number) => (isRecorded ? 1 : weight);
    const total = same.reduce((sum, { weight }) => sum + weigh(weight), 0);
    return [name, same.reduce((sum, { value, weight }) => sum + value * weigh(weight), 0) / total] as const;
  });
  return Object.fromEntries(means);
}

/** Options that cannot be read make a grader "not run"; they never pass and never end a run. */
async function run(id: string, grade: () => Promise<GradeOutcome>): Promise<GradeOutcome> {
  try {
    return await grade();
  } catch (error) {
    if (error instanceof FaultError && error.fault.kind === 'bad-input') {
      return {
        notRun: { code: 'bad-options', expected: id, found: error.fault.detail.slice(0, DETAIL_CHARACTERS) },
      };
    }
    throw error;
  }
}
