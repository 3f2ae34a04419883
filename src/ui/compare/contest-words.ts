import { findBackendFacts } from '../../app/backend-facts';
import { nameAt, type Contestant } from '../../app/results/contestants';
import type { Format } from '../../app/format';
import { tellApart, type Facet } from '../../app/results/tell-apart';
import type { Backend } from '../../domain/engine/backends';
import type { Contest, Duel } from '../../domain/statistics/contest';
import { m } from '../messages/messages';
import { describeSampling } from '../parts/sampling-words';

export interface ContestRow {
  readonly name: string;
  readonly values: readonly string[];
  /** Of how they were run: it is not the same for all. */
  readonly differs?: boolean;
}

/** The score of each on the shared questions, in their order. */
export function scoreOnShared(contestants: readonly Contestant[], contest: Contest) {
  const [best] = contest.ranked;
  return contestants.flatMap(({ id }) => {
    const ranked = contest.ranked.find((each) => each.id === id);
    return ranked === undefined ? [] : [{ ...ranked, best: best?.id === id && !best.stopped }];
  });
}

/** What a reader knows each by: its model, and what tells it from the others. */
export function nameContestants(contestants: readonly Contestant[], format: Format): readonly string[] {
  return tellApart(contestants).map((facets, at) => {
    const { setup, runIds, shared } = contestants[at] ?? { setup: undefined, runIds: [], shared: false };
    return [
      setup?.model.name ?? '',
      ...facets.map((facet) => describeFacet(facet, format)).filter((words) => words !== ''),
      ...(runIds.length > 1 ? [m.compare_pooled({ count: runIds.length })] : []),
      ...(shared ? [m.compare_shared_badge()] : []),
    ].join(' · ');
  });
}

function describeFacet({ kind, value }: Facet, format: Format): string {
  const text = typeof value === 'number' ? format.number(value, 2) : value;
  switch (kind) {
    case 'backend':
      return findBackendFacts(value as Backend).label;
    case 'cache':
      return text === '' ? '' : m.facet_cache({ value: text });
    case 'temperature':
      return m.facet_temperature({ value: text });
    case 'topP':
      return `top-p ${text}`;
    case 'topK':
      return `top-k ${text}`;
    case 'seed':
      return m.facet_seed({ value: String(value) });
    case 'maxTokens':
      return m.facet_tokens({ value: text });
    case 'repeats':
      return m.facet_repeats({ count: Number(value) });
    case 'template':
      return m.facet_template({ value: text });
    case 'weights':
      return m.facet_weights({ value: text });
    case 'threads':
      return m.facet_threads({ count: Number(value) });
    case 'time':
      return format.date(Number(value));
    default:
      return text;
  }
}

/** What the table says, for the screen and for files. */
export function describeContest(
  contestants: readonly Contestant[],
  contest: Contest,
  format: Format,
): readonly ContestRow[] {
  const scores = scoreOnShared(contestants, contest);
  const setup = (name: string, show: (from: Contestant) => string): ContestRow => {
    const values = contestants.map(show);
    return { name, values, differs: new Set(values).size > 1 };
  };
  return [
    {
      name: m.compare_standing(),
      values: scores.map(({ best, tiedWithBest, stopped }) => {
        if (stopped) return m.compare_stopped();
        return best ? m.compare_best() : tiedWithBest ? m.compare_tied() : m.compare_behind();
      }),
    },
    {
      name: m.compare_correct(),
      values: scores.map(({ passed, answers, share }) =>
        answers === 0
          ? '–'
          : m.compare_correct_value({ passed, graded: answers, percent: format.percent(share) }),
      ),
    },
    {
      name: m.compare_interval(),
      values: scores.map(({ interval }) =>
        interval === undefined ? '–' : `${format.percent(interval.low)}–${format.percent(interval.high)}`,
      ),
    },
    {
      name: m.compare_abstained(),
      values: contestants.map(({ score }) => m.compare_of({ count: score.abstained, total: score.graded })),
    },
    {
      name: m.compare_unread(),
      values: contestants.map(({ score: { unread } }) =>
        m.compare_of({ count: unread.failures, total: unread.graded }),
      ),
    },
    {
      name: m.compare_speed(),
      values: contestants.map(({ score }) =>
        score.tokensPerSecond === undefined ? '–' : format.number(score.tokensPerSecond, 1),
      ),
    },
    ...(contestants.some(({ runIds }) => runIds.length > 1)
      ? [setup(m.compare_runs(), ({ runIds }) => format.number(Math.max(1, runIds.length)))]
      : []),
    setup(m.compare_quantization(), (from) => from.setup.artifact.quantization),
    setup(m.facts_engine(), ({ setup: { session } }) => `${session.engineId} ${session.engineVersion}`),
    setup(m.facts_backend(), ({ setup: { session } }) => findBackendFacts(session.backend).label),
    setup(m.facts_set(), ({ setup: { set } }) => set.title),
    setup(m.facts_sampling(), (from) => describeSampling(from.setup.sampling, format)),
    setup(m.compare_repeats(), (from) => format.number(from.setup.repeats ?? 1)),
    { name: m.facts_when(), values: contestants.map(({ startedAt }) => format.date(startedAt)) },
  ];
}

/** The short names of both. */
export function nameBoth({ firstId, secondId }: Duel, contestants: readonly Contestant[]) {
  const name = (wanted: string) => nameAt(contestants.findIndex(({ id }) => id === wanted));
  return { first: name(firstId), second: name(secondId) };
}

/** What may be claimed, in plain words. */
export function describeDuel(duel: Duel, contestants: readonly Contestant[], format: Format): string {
  const { first, second } = nameBoth(duel, contestants);
  const { onlyFirst, onlySecond, moreCases } = duel.comparison;
  if (onlyFirst + onlySecond === 0) return m.duel_same();
  const wins = Math.max(onlyFirst, onlySecond);
  const losses = Math.min(onlyFirst, onlySecond);
  const p = format.probability(duel.p);
  const [better, worse] = onlySecond > onlyFirst ? [second, first] : [first, second];
  const sentences = duel.shown
    ? [m.duel_better({ better, worse, wins, losses, p })]
    : [m.duel_none({ wins, losses, p })];
  if (!duel.shown && moreCases !== undefined) {
    sentences.push(moreCases > 0 ? m.duel_more({ count: format.number(moreCases) }) : m.duel_few_more());
  }
  return sentences.join(' ');
}
