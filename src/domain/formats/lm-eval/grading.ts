import { badInput, FaultError } from '../../fault';
import { checkSpec } from '../../graders/registry';
import type { GraderSpec } from '../../sets/test-set';
import { gradersFor } from '../row-format';
import type { Row } from '../rows';
import { asText, readChoices, readTarget } from './context';
import { WHAT, type FilterStep, type LmEvalTask } from './task';

type Spec = GraderSpec;

/** How a task's answers are graded, and which of its fields change nothing here. */
export interface GradingPlan {
  /** The first decides; the others are shown beside it, under their names. */
  readonly scores: readonly { readonly name: string; readonly spec: Spec }[];
  readonly unused: readonly string[];
}

const SCORINGS: Readonly<Record<string, string>> = {
  acc: 'acc',
  acc_norm: 'acc_norm',
  acc_bytes: 'acc_bytes',
  acc_mutual_info: 'acc_mutual_info',
  exact_match: 'greedy',
  brier_score: 'brier',
};
const LIKELIHOOD_SCORINGS: Readonly<Record<LmEvalTask['output_type'], readonly string[]>> = {
  loglikelihood: ['acc', 'perplexity'],
  loglikelihood_rolling: ['word_perplexity', 'byte_perplexity', 'bits_per_byte'],
  generate_until: [],
  multiple_choice: [],
};
/** lm-eval's `DEFAULT_METRIC_REGISTRY`. */
const DEFAULT_METRICS: Readonly<Record<LmEvalTask['output_type'], readonly string[]>> = {
  multiple_choice: ['acc', 'acc_norm'],
  generate_until: ['exact_match'],
  loglikelihood: ['acc', 'perplexity'],
  loglikelihood_rolling: ['word_perplexity', 'byte_perplexity', 'bits_per_byte'],
};
/** How the marks of all questions become one: as it is done here anyway. */
const AGGREGATIONS: Readonly<Record<string, string>> = {
  perplexity: 'perplexity',
  word_perplexity: 'weighted_perplexity',
  byte_perplexity: 'weighted_perplexity',
  bits_per_byte: 'bits_per_byte',
  brier_score: 'brier_score',
};
const EXACT_MATCH_OPTIONS: Readonly<Record<string, string>> = {
  ignore_case: 'ignoreCase',
  ignore_punctuation: 'ignorePunctuation',
  ignore_numbers: 'ignoreNumbers',
};
/** Lower is better in these. */
const LOWER = new Set(['perplexity', 'word_perplexity', 'byte_perplexity', 'bits_per_byte', 'brier_score']);

interface Metric {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly unused: readonly string[];
}

function listMetrics({ metric_list: given, output_type: type }: LmEvalTask): readonly Metric[] {
  const list = given ?? DEFAULT_METRICS[type].map((metric) => ({ metric }));
  return list.map((each) => {
    const {
      metric,
      aggregation,
      higher_is_better: higher,
      hf_evaluate: _same,
      ...options
    } = each as Record<string, unknown>;
    const name = typeof metric === 'string' ? metric : '?';
    const usual = AGGREGATIONS[name] ?? 'mean';
    return {
      name,
      options,
      unused: [
        ...(aggregation === undefined || aggregation === usual ? [] : [`metric_list: ${name}: aggregation`]),
        ...(higher === undefined || higher === !LOWER.has(name)
          ? []
          : [`metric_list: ${name}: higher_is_better`]),
      ],
    };
  });
}

/** @throws FaultError `bad-input` */
export function planGrading(task: LmEvalTask): GradingPlan {
  const metrics = listMetrics(task);
  const { output_type: type } = task;
  if (type === 'generate_until') return planExactMatches(task, metrics);
  const known: Readonly<Record<string, string>> =
    type === 'multiple_choice'
      ? SCORINGS
      : Object.fromEntries(LIKELIHOOD_SCORINGS[type].map((name) => [name, name]));
  const grader = type === 'multiple_choice' ? 'multiple-choice' : 'loglikelihood';
  const scores = metrics
    .flatMap(({ name }) => {
      const scoring = Object.hasOwn(known, name) ? known[name] : undefined;
      return scoring === undefined ? [] : [{ name, spec: { type: grader, scoring } }];
    })
    // A perplexity is neither right nor wrong, so it cannot decide.
    .sort((one, other) => Number(MEASURING.has(one.name)) - Number(MEASURING.has(other.name)));
  return {
    scores: scores.length > 0 ? scores : [{ name: 'acc', spec: { type: grader, scoring: 'acc' } }],
    unused: [
      ...metrics.flatMap((metric) =>
        Object.hasOwn(known, metric.name)
          ? [
              ...metric.unused,
              ...Object.keys(metric.options).map((key) => `metric_list: ${metric.name}: ${key}`),
            ]
          : [`metric_list: ${metric.name}`],
      ),
      ...(task.filter_list ?? []).flatMap(({ name, filter }) =>
        filter.every((step) => step.function === 'take_first') ? [] : [`filter_list: ${name}`],
      ),
    ],
  };
}

/** Every pipeline of filters with every metric: lm-eval's `exact_match,strict-match`. */
function planExactMatches(task: LmEvalTask, metrics: readonly Metric[]): GradingPlan {
  const unused: string[] = [];
  const pipelines = (task.filter_list ?? [{ name: 'none', filter: [] }]).flatMap(({ name, filter }) => {
    try {
      const filters = filter.flatMap((step) => readStep(step));
      checkSpec({ type: 'exact-match', value: '', filters: filters.map((each) => withChoices(each, [])) });
      return [{ name, filters }];
    } catch (error) {
      if (!(error instanceof FaultError) || error.fault.kind !== 'bad-input') throw error;
      unused.push(`filter_list: ${name} (${error.fault.detail})`);
      return [];
    }
  });
  const scores: { name: string; spec: Spec }[] = [];
  const exact = metrics.flatMap((metric) => {
    if (metric.name !== 'exact_match') {
      unused.push(`metric_list: ${metric.name}`);
      return [];
    }
    unused.push(...metric.unused);
    return [readExactMatch(metric, unused)];
  });
  for (const { name, filters } of pipelines) {
    for (const options of exact) {
      const spec = { type: 'exact-match', ...(filters.length > 0 && { filters }), ...options };
      scores.push({ name: `exact_match,${name}`, spec });
    }
  }
  return { scores, unused };
}

function readExactMatch({ options }: Metric, unused: string[]): Readonly<Record<string, unknown>> {
  const made: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    const name = EXACT_MATCH_OPTIONS[key];
    if (name !== undefined && typeof value === 'boolean') made[name] = value;
    else if (key === 'regexes_to_ignore' && isTextList(value)) made['ignore'] = value;
    else unused.push(`metric_list: exact_match: ${key}`);
  }
  try {
    checkSpec({ type: 'exact-match', value: '', ...made });
    return made;
  } catch (error) {
    if (!(error instanceof FaultError) || error.fault.kind !== 'bad-input') throw error;
    unused.push(`metric_list: exact_match: regexes_to_ignore (${error.fault.detail})`);
    const { ignore: _unreadable, ...rest } = made;
    return rest;
  }
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** lm-eval's own, for a pattern that says nothing. */
const DEFAULT_PATTERN = '#### (\\-?[0-9\\.\\,]+)';

/** One step of a pipeline as a filter of ours. Of one answer, those that choose among several leave it as it is. */
function readStep({ function: name, ...given }: FilterStep): readonly Readonly<Record<string, unknown>>[] {
  const allow = (...keys: string[]) => {
    const other = Object.keys(given).find((key) => !keys.includes(key));
    if (other !== undefined) throw badInput(WHAT, `${String(name)}: ${other} is not known`);
  };
  const matching = () => ({
    pattern: given['regex_pattern'] ?? DEFAULT_PATTERN,
    ...(given['group_select'] !== undefined && { match: given['group_select'] }),
    ...(given['fallback'] !== undefined && { fallback: given['fallback'] }),
  });
  switch (name) {
    case 'take_first':
    case 'majority_vote':
      allow();
      return [];
    case 'take_first_k':
      allow('k');
      return [];
    case 'remove_whitespace':
    case 'lowercase':
    case 'uppercase':
      allow();
      return [{ function: name }];
    case 'regex':
      allow('regex_pattern', 'group_select', 'fallback');
      return [{ function: name, ...matching() }];
    case 'multi_choice_regex':
      allow(
        'regex_pattern',
        'group_select',
        'fallback',
        'ignore_case',
        'ignore_punctuation',
        'regexes_to_ignore',
      );
      return [
        {
          function: name,
          ...matching(),
          ignoreCase: given['ignore_case'] ?? false,
          ignorePunctuation: given['ignore_punctuation'] ?? false,
          ignore: given['regexes_to_ignore'] ?? [],
        },
      ];
    case 'map':
      allow('mapping_dict', 'default_value');
      return [readMap(given['mapping_dict'], given['default_value'])];
    default:
      throw badInput(WHAT, `${typeof name === 'string' ? name : 'it'} is not known`);
  }
}

function readMap(dict: unknown, otherwise: unknown): Readonly<Record<string, unknown>> {
  const entries = Object.entries(typeof dict === 'object' && dict !== null ? dict : {});
  return {
    function: 'map',
    entries: Object.fromEntries(
      entries.flatMap(([key, value]) => (value === null ? [] : [[key, asText(value)]])),
    ),
    ...(otherwise !== undefined && otherwise !== null && { otherwise: asText(otherwise) }),
  };
}

/** lm-eval takes the choices from the document's column of that name. */
function withChoices(filter: Readonly<Record<string, unknown>>, choices: readonly string[]) {
  return filter['function'] === 'multi_choice_regex' ? { ...filter, choices } : filter;
}

function choicesColumn({ choices }: Row): readonly string[] {
  if (!Array.isArray(choices)) throw badInput(WHAT, 'multi_choice_regex needs a column "choices"');
  return choices.map(asText);
}

/**
 * The graders of a generated answer.
 * @param hasSeveralTargets whether the first document's target is a list: lm-eval then takes each for a right answer
 * @returns undefined where there is no right answer
 * @throws FaultError `bad-input`
 */
export function gradeAnswer(
  plan: GradingPlan,
  task: LmEvalTask,
  row: Row,
  hasSeveralTargets: boolean,
): GraderSpec[] | undefined {
  const golds = readGolds(task, row, hasSeveralTargets);
  if (golds.length === 0) return undefined;
  if (plan.scores.length === 0) return gradersFor(golds.map((gold) => gold.split('####').at(-1) ?? gold));
  return nameScores(
    plan.scores.map(({ name, spec: { filters, ...spec } }) => ({
      name,
      spec: {
        ...spec,
        value: golds.length === 1 ? golds[0] : [...golds],
        ...(Array.isArray(filters) && {
          filters: (filters as Readonly<Record<string, unknown>>[]).map((filter) =>
            filter['function'] === 'multi_choice_regex' ? withChoices(filter, choicesColumn(row)) : filter,
          ),
        }),
      },
    })),
  );
}

function readGolds(task: LmEvalTask, row: Row, hasSeveralTargets: boolean): readonly string[] {
  const target = readTarget(task, row);
  if (task.doc_to_choice !== undefined) {
    const chosen = typeof target === 'number' ? readChoices(task, row).at(target) : undefined;
    if (chosen === undefined) throw badInput(WHAT, 'doc_to_target is no index of doc_to_choice');
    return [chosen];
  }
  if (target === null) return [];
  return hasSeveralTargets && Array.isArray(target) ? target.map(asText) : [asText(target)];
}

/** These measure, and decide nothing. */
const MEASURING = new Set(['perplexity', 'word_perplexity', 'byte_perplexity', 'bits_per_byte']);

/** The first decides; of several, each is recorded under its name. What only measures is recorded even alone. */
export function nameScores(scores: GradingPlan['scores']): GraderSpec[] {
  const [first] = scores;
  if (first !== undefined && scores.length === 1 && !MEASURING.has(first.name)) return [first.spec];
  return scores.map(({ name, spec }, index) => ({
    ...spec,
    metric: name.slice(0, 60),
    ...((index > 0 || MEASURING.has(name)) && { weight: 0 }),
  }));
}
