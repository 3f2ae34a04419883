import { nameMatchup, type Ballot } from '../../domain/arena/ballot';
import { settleRepeats } from '../../domain/run/repeats';
import type { RunRecord } from '../../domain/run/ports';
import type { Case } from '../../domain/sets/test-set';

/** A stored answer to one question. */
export interface Answer {
  /** Of the model and the artifact that gave it. */
  readonly contestantId: string;
  /** Of the model, with its quantization where another of that name is there. */
  readonly name: string;
  readonly runId: string;
  readonly question: string;
  readonly testCase: Case;
  readonly language: string;
  readonly text: string;
  readonly verdict: 'pass' | 'fail' | 'none';
}

/** Two answers of different models to one question. */
export interface Matchup {
  readonly question: string;
  readonly testCase: Case;
  readonly language: string;
  readonly first: Answer;
  readonly second: Answer;
}

/** Answers of all models; of several runs of one model on a question, the newest's. @param records newest first */
export function listAnswers(records: readonly RunRecord[]): readonly Answer[] {
  const artifacts = new Map<string, Set<string>>();
  for (const { run } of records) {
    const { model, artifact } = run.setup;
    const known = artifacts.get(model.name) ?? new Set<string>();
    artifacts.set(model.name, known.add(artifact.id));
  }
  const answers = new Map<string, Answer>();
  for (const { run, results, testSet } of records) {
    const { model, artifact, set } = run.setup;
    const isAlone = (artifacts.get(model.name)?.size ?? 0) < 2;
    const caseOf = new Map(testSet.cases.map((each) => [each.id, each]));
    for (const result of settleRepeats(results)) {
      const testCase = caseOf.get(result.caseId);
      const text = result.answer.trim();
      if (testCase === undefined || result.kind === 'failed' || text === '') continue;
      const contestantId = `${model.id}/${artifact.id}`;
      const question = `${set.sha256} ${testCase.id}`;
      const key = `${contestantId} ${question}`;
      if (answers.has(key)) continue;
      answers.set(key, {
        contestantId,
        name: isAlone ? model.name : `${model.name} · ${artifact.quantization}`,
        runId: run.id,
        question,
        testCase,
        language: set.language,
        text,
        verdict: result.status === 'not-run' ? 'none' : result.status,
      });
    }
  }
  return [...answers.values()];
}

/** Every pair of answers to one question that are not the same text: those say nothing. */
export function listMatchups(answers: readonly Answer[]): readonly Matchup[] {
  const byQuestion = new Map<string, Answer[]>();
  for (const answer of answers) {
    const known = byQuestion.get(answer.question);
    if (known === undefined) byQuestion.set(answer.question, [answer]);
    else known.push(answer);
  }
  return [...byQuestion.values()].flatMap((all) =>
    all.flatMap((first, at) =>
      all
        .slice(at + 1)
        .filter((second) => second.text !== first.text)
        .map((second) => ({
          question: first.question,
          testCase: first.testCase,
          language: first.language,
          first,
          second,
        })),
    ),
  );
}

/** Those that no ballot is about. */
export function listOpen(matchups: readonly Matchup[], ballots: readonly Ballot[]): readonly Matchup[] {
  const judged = new Set(ballots.map(nameMatchup));
  return matchups.filter(
    ({ question, first, second }) =>
      !judged.has(nameMatchup({ question, leftRun: first.runId, rightRun: second.runId })),
  );
}

/** Those of the models that fewest ballots compare with each other. */
export function findRarest(matchups: readonly Matchup[], ballots: readonly Ballot[]): readonly Matchup[] {
  const nameOf = (one: string, other: string) => [one, other].sort().join(' ');
  const counts = new Map<string, number>();
  for (const { leftId, rightId } of ballots) {
    const pair = nameOf(leftId, rightId);
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  const counted = matchups.map((matchup) => ({
    matchup,
    count: counts.get(nameOf(matchup.first.contestantId, matchup.second.contestantId)) ?? 0,
  }));
  const fewest = counted.reduce((least, { count }) => Math.min(least, count), Infinity);
  return counted.filter(({ count }) => count === fewest).map(({ matchup }) => matchup);
}
