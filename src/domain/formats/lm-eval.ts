import * as v from 'valibot';
import { badInput } from '../fault';
import {
  MAX_CHOICE_CHARACTERS,
  MAX_PROMPT_CHARACTERS,
  type Generation,
  type GraderSpec,
} from '../sets/test-set';
import type { CaseDraft, Format, ImportOptions } from './format';
import {
  asText,
  buildContext,
  findGolds,
  readChoices,
  readTarget,
  readText,
  type TaskContext,
} from './lm-eval/context';
import { makeDraw, poolOf } from './lm-eval/few-shot';
import {
  MOST_ANSWER_TOKENS,
  MOST_STOP_CHARACTERS,
  MOST_STOPS,
  noteFields,
  readMaxTokens,
} from './lm-eval/fields';
import { gradeAnswer, nameScores, planGrading, type GradingPlan } from './lm-eval/grading';
import { dropNulls, readFields, readTask, WHAT, type LmEvalTask } from './lm-eval/task';
import { ownRowSchema, writeTask } from './lm-eval/write';
import { buildFromRows } from './row-format';
import type { Row, SomeRows } from './rows';

/** lm-eval's own, for a task that says nothing (`default_gen_kwargs`). */
const MAX_GEN_TOKS = 256;

/** A task of lm-eval in YAML, with the rows of its data set beside it. */
export const lmEval: Format = {
  id: 'lm-eval',
  label: WHAT,
  detect: (text) => {
    const has = (...fields: readonly string[]) =>
      new RegExp(`^["']?(?:${fields.join('|')})["']?\\s*:`, 'm').test(text);
    if (has('doc_to_text')) return 1;
    const isPart = has(
      'output_type',
      'dataset_path',
      'include',
      'group',
      'group_alias',
      'aggregate_metric_list',
    );
    return has('task') && isPart ? 0.9 : 0;
  },
  read(text, options = {}) {
    const task = readTask(text);
    if (options.rows === undefined) {
      const from = task.dataset_path === undefined ? '' : ` of ${task.dataset_path}`;
      throw badInput(
        WHAT,
        `the rows${from} are needed too: add them as a JSON Lines file, or fetch them from the Hub`,
      );
    }
    const rows = fillColumns(options.rows);
    const reader = makeReader(task, rows, options);
    const named = task.task_alias ?? (typeof task.task === 'string' ? task.task : options.name);
    const version = task.metadata?.version;
    return buildFromRows(
      WHAT,
      rows,
      reader.toDraft,
      { ...options, ...(named !== undefined && { name: named }) },
      noteFields(task, readFields(text), reader.plan, rows.length),
      { ...(version !== undefined && { description: `Version ${version}.` }) },
    );
  },
  write: writeTask,
};

/** A data set has the same columns in every row; what one lacks is None. */
function fillColumns(rows: readonly Row[]): readonly Row[] {
  const columns = new Set(rows.flatMap((row) => Object.keys(row)));
  return rows.map((row) =>
    Object.keys(row).length === columns.size
      ? row
      : Object.fromEntries(
          [...columns].map((column) => [column, Object.hasOwn(row, column) ? row[column] : null]),
        ),
  );
}

function makePool(given: NonNullable<ImportOptions['fewshotRows']>): SomeRows {
  if (!('rows' in given)) return poolOf(fillColumns(given));
  const places = [...given.rows.keys()];
  const filled = fillColumns([...given.rows.values()]);
  return {
    length: given.length,
    rows: new Map(filled.map((row, index) => [places[index] ?? 0, row] as const)),
  };
}

interface Reader {
  readonly plan: GradingPlan;
  readonly toDraft: (row: Row) => CaseDraft | undefined;
}

function makeReader(task: LmEvalTask, rows: readonly Row[], { fewshotRows }: ImportOptions): Reader {
  const plan = planGrading(task);
  const draw = makeDraw(task, rows, fewshotRows && makePool(fewshotRows));
  const kinds = probeFirst(task, rows[0]);
  return {
    plan,
    toDraft(row) {
      // Drawn for every row, also for one that is skipped: each draw depends on those before.
      const examples = draw(row);
      const context = buildContext(task, row, examples, kinds.hasSeveralContexts);
      checkLengths(context);
      const own = v.safeParse(ownRowSchema, dropNulls(row));
      const draft = draftOf(task, row, context, plan, kinds.hasSeveralTargets);
      if (draft === undefined) return undefined;
      const tags = typeof task.tag === 'string' ? [task.tag] : task.tag;
      // A set of ours that was exported is asked and graded as it was before.
      const { generation, ...plain } = draft;
      return own.success
        ? { ...plain, ...own.output }
        : { ...plain, ...(generation && { generation }), ...(tags && { tags }) };
    },
  };
}

/** One that is too long is left out and named, not the whole set. @throws FaultError `bad-input` */
function checkLengths(context: TaskContext): void {
  const texts = context.kind === 'one' ? [context.context] : context.contexts;
  const longest = Math.max(...texts.map(({ length }) => length));
  if (longest > MAX_PROMPT_CHARACTERS) {
    throw badInput(WHAT, `its text has ${longest} characters; at most ${MAX_PROMPT_CHARACTERS} can be asked`);
  }
}

/** lm-eval asks the first document what kind of task it is. */
function probeFirst(
  task: LmEvalTask,
  row: Row | undefined,
): { readonly hasSeveralContexts: boolean; readonly hasSeveralTargets: boolean } {
  if (row === undefined) return { hasSeveralContexts: false, hasSeveralTargets: false };
  const attempt = <Value>(work: () => Value): Value | undefined => {
    try {
      return work();
    } catch {
      // Said of the row when it is its turn.
      return undefined;
    }
  };
  return {
    hasSeveralContexts:
      task.doc_to_choice !== undefined && typeof attempt(() => readText(task, row)) === 'number',
    hasSeveralTargets: Array.isArray(attempt(() => readTarget(task, row))),
  };
}

function draftOf(
  task: LmEvalTask,
  row: Row,
  context: TaskContext,
  plan: GradingPlan,
  hasSeveralTargets: boolean,
): CaseDraft | undefined {
  switch (task.output_type) {
    case 'multiple_choice':
      return scoredDraft(task, row, context, plan);
    case 'loglikelihood': {
      const continuation = readTarget(task, row);
      if (context.kind !== 'one' || typeof continuation !== 'string')
        throw badInput(WHAT, 'doc_to_target is no text');
      return likelihoodDraft(context.context, continuation, plan);
    }
    case 'loglikelihood_rolling':
      return likelihoodDraft('', asText(readTarget(task, row)), plan);
    case 'generate_until': {
      if (context.kind !== 'one')
        throw badInput(WHAT, 'doc_to_text is an index, which only multiple_choice knows');
      const graders = gradeAnswer(plan, task, row, hasSeveralTargets);
      if (graders === undefined) return undefined;
      return { prompt: context.context, graders, generation: readGeneration(task) };
    }
  }
}

function scoredDraft(
  task: LmEvalTask,
  row: Row,
  context: TaskContext,
  plan: GradingPlan,
): CaseDraft | undefined {
  const choices = readChoices(task, row);
  const target = readTarget(task, row);
  const golds = findGolds(context.kind === 'several' ? context.right : target, choices);
  if (choices.length < 2 || choices.length > 26)
    throw badInput(WHAT, `${choices.length} choices; 2 to 26 can be scored`);
  if (choices.some(({ length }) => length === 0 || length > MAX_CHOICE_CHARACTERS))
    throw badInput(WHAT, `a choice is empty, or longer than ${MAX_CHOICE_CHARACTERS} characters`);
  if (golds.length === 0) throw badInput(WHAT, 'the right answer is none of the choices');
  const { target_delimiter: delimiter } = task;
  const graders = nameScores(
    plan.scores.map(({ name, spec }) => {
      const scoring = spec['scoring'];
      const made: GraderSpec = {
        type: spec.type,
        value: golds.length === 1 ? golds[0] : golds,
        ...(delimiter !== ' ' && { delimiter }),
        ...(scoring !== 'acc' && { scoring }),
      };
      return { name, spec: made };
    }),
  );
  if (context.kind === 'several') {
    const continuation = delimiter + asText(target);
    const requests = context.contexts.map((each) => ({ context: each, continuation }));
    return { prompt: context.contexts[0] ?? '', choices, requests, graders };
  }
  const prompt = context.context;
  if (prompt.trim() !== '') return { prompt, choices, graders };
  // All the text is in the choices: a case needs a prompt to show, which is not asked.
  const requests = choices.map((choice) => ({ context: prompt, continuation: delimiter + choice }));
  return { prompt: choices.join('\n'), choices, requests, graders };
}

function likelihoodDraft(context: string, continuation: string, plan: GradingPlan): CaseDraft | undefined {
  if (continuation === '') return undefined;
  checkLengths({ kind: 'one', context: continuation });
  return {
    prompt: context.trim() === '' ? continuation : context,
    requests: [{ context, continuation }],
    graders: nameScores(plan.scores),
  };
}

/** Bare text, ended by the task's own texts; without any, by the delimiter between examples. */
function readGeneration({ generation_kwargs: kwargs, fewshot_delimiter }: LmEvalTask): Generation {
  const { until = fewshot_delimiter } = kwargs ?? {};
  const maxTokens = readMaxTokens(kwargs) ?? MAX_GEN_TOKS;
  const stop = (typeof until === 'string' ? [until] : until)
    .filter((each) => each !== '' && each.length <= MOST_STOP_CHARACTERS)
    .slice(0, MOST_STOPS);
  return { plain: true, stop, maxTokens: Math.min(MOST_ANSWER_TOKENS, Math.max(1, Math.round(maxTokens))) };
}
