import { InferenceError } from '../errors';
import { Candidates } from './candidates';
import { applyMinP, applyTopK, applyTopP, applyTypical } from './filters';
import { createRandom } from './sampler-random';
import type { Random } from './sampler-random';

/** Every option at its default leaves the distribution as it is, but `temperature`: at 0 the choice is greedy. */
export interface SamplingOptions {
  /** Divides the logits; 0 (default) chooses the greatest. */
  readonly temperature?: number;
  /** Keep the so many likeliest; 0 (default) keeps all. */
  readonly topK?: number;
  /** Keep the likeliest that reach this probability together; 1 (default) keeps all. */
  readonly topP?: number;
  /** Keep what is at least this fraction as likely as the likeliest; 0 (default) keeps all. */
  readonly minP?: number;
  /** Keep the most typical that reach this probability together; 1 (default) keeps all. */
  readonly typicalP?: number;
  /** Divides the logit of a token that occurred, or multiplies a negative one (Keskar et al., 2019); 1 is off. */
  readonly repeatPenalty?: number;
  /** Subtracted once per occurrence. */
  readonly frequencyPenalty?: number;
  /** Subtracted once if it occurred. */
  readonly presencePenalty?: number;
  /** How many of the last tokens the penalties see, prompt included; default 64, -1 for all. */
  readonly penaltyTokens?: number;
  /** Mirostat 2 instead of the filters: steers towards `tau` bits of surprise at the rate `eta`. */
  readonly mirostat?: { readonly tau: number; readonly eta: number } | undefined;
  /** Added to the logits of tokens, by id; -Infinity forbids one. */
  readonly logitBias?: ReadonlyMap<number, number>;
}

export interface Sampler {
  /** Chooses a token from logits (not changed) and remembers it. Throws `bad-input` when every token is forbidden. */
  sample(logits: ArrayLike<number>): number;
  /** Makes tokens count for the penalties that were not sampled: the prompt. */
  observe(ids: Iterable<number>): void;
}

interface Range {
  readonly least: number;
  readonly most: number;
}

const RANGES = {
  temperature: { least: 0, most: 1000 },
  topK: { least: 0, most: Infinity },
  topP: { least: 0, most: 1 },
  minP: { least: 0, most: 1 },
  typicalP: { least: 0, most: 1 },
  repeatPenalty: { least: 1e-3, most: 1000 },
  frequencyPenalty: { least: -1000, most: 1000 },
  presencePenalty: { least: -1000, most: 1000 },
  penaltyTokens: { least: -1, most: Infinity },
} as const satisfies Partial<Record<keyof SamplingOptions, Range>>;

type NumberOption = keyof typeof RANGES;

const DEFAULTS: Readonly<Record<NumberOption, number>> = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  typicalP: 1,
  repeatPenalty: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
  penaltyTokens: 64,
};

function checkNumber(name: string, value: number, { least, most }: Range): number {
  if (!(value >= least && value <= most))
    throw new InferenceError('bad-input', `${name} ${value} is not in ${least}..${most}`);
  return value;
}

function readNumbers(options: SamplingOptions): Record<NumberOption, number> {
  const names = Object.keys(RANGES) as NumberOption[];
  const entries = names.map((name) => [
    name,
    checkNumber(name, options[name] ?? DEFAULTS[name], RANGES[name]),
  ]);
  return Object.fromEntries(entries) as Record<NumberOption, number>;
}

/** The last tokens with how often each occurs among them. */
class RecentTokens {
  readonly counts = new Map<number, number>();
  readonly #queue: number[] = [];
  #first = 0;

  constructor(private readonly limit: number) {}

  add(id: number): void {
    if (this.limit === 0) return;
    this.counts.set(id, (this.counts.get(id) ?? 0) + 1);
    if (this.limit < 0) return;
    this.#queue.push(id);
    if (this.#queue.length - this.#first <= this.limit) return;
    const gone = this.#queue[this.#first++] ?? -1;
    const left = (this.counts.get(gone) ?? 1) - 1;
    if (left > 0) this.counts.set(gone, left);
    else this.counts.delete(gone);
    if (this.#first > 4096) {
      this.#queue.splice(0, this.#first);
      this.#first = 0;
    }
  }
}

/** Index of an entry drawn by weight. */
function draw(candidates: Candidates, total: number, random: Random): number {
  let rest = random() * total;
  let last = 0;
  for (let index = 0; index < candidates.size; index++) {
    const weight = candidates.weight(index);
    if (weight <= 0) continue;
    last = index;
    rest -= weight;
    if (rest < 0) return index;
  }
  // Rounding can leave a crumb beyond the last one.
  return last;
}

/** Mirostat 2 (Basu et al., 2020, algorithm 2): cuts surprises above a bound that follows what was observed. */
function createMirostat(
  tau: number,
  eta: number,
  random: Random,
): (candidates: Candidates, temperature: number) => number {
  let bound = 2 * tau;
  return (candidates, temperature) => {
    const total = candidates.computeWeights(temperature);
    // The likeliest always stays: weight 1.
    const floor = Math.min(1, 2 ** -bound * total);
    candidates.filter((index) => candidates.weight(index) >= floor);
    let left = 0;
    for (let index = 0; index < candidates.size; index++) left += candidates.weight(index);
    const chosen = draw(candidates, left, random);
    bound -= eta * (-Math.log2(candidates.weight(chosen) / left) - tau);
    return chosen;
  };
}

/**
 * A sampler with its own generator (xoshiro128**, see random.ts): the same options, seed and logits give the same ids.
 * The order is llama.cpp's: bias, penalties, top-k, typical, top-p, min-p, temperature. Throws `bad-input` for an
 * option out of range.
 */
export function createSampler(options: SamplingOptions, seed: number): Sampler {
  const numbers = readNumbers(options);
  const { repeatPenalty, frequencyPenalty, presencePenalty, temperature } = numbers;
  if (!Number.isSafeInteger(seed))
    throw new InferenceError('bad-input', `the seed ${seed} is not an integer`);
  const random = createRandom(seed);
  const mirostat =
    options.mirostat &&
    createMirostat(
      checkNumber('mirostat tau', options.mirostat.tau, { least: 0, most: 100 }),
      checkNumber('mirostat eta', options.mirostat.eta, { least: 0, most: 1 }),
      random,
    );
  const bias = [...(options.logitBias ?? [])];
  const penalises = repeatPenalty !== 1 || frequencyPenalty !== 0 || presencePenalty !== 0;
  const recent = new RecentTokens(penalises ? Math.trunc(numbers.penaltyTokens) : 0);
  const candidates = new Candidates();

  const penalise = () => {
    for (const [id, count] of recent.counts) {
      candidates.adjust(id, (logit) => {
        const scaled = logit > 0 ? logit / repeatPenalty : logit * repeatPenalty;
        return scaled - count * frequencyPenalty - presencePenalty;
      });
    }
  };

  const choose = (): number => {
    if (mirostat) return mirostat(candidates, temperature);
    applyTopK(candidates, Math.trunc(numbers.topK));
    applyTypical(candidates, numbers.typicalP);
    applyTopP(candidates, numbers.topP);
    applyMinP(candidates, numbers.minP);
    return draw(candidates, candidates.computeWeights(temperature), random);
  };

  return {
    sample(logits) {
      candidates.fill(logits);
      for (const [id, amount] of bias) candidates.adjust(id, (logit) => logit + amount);
      penalise();
      const greatest = candidates.indexOfGreatest();
      if (greatest < 0) throw new InferenceError('bad-input', 'every token is forbidden');
      const id = candidates.id(temperature === 0 ? greatest : choose());
      recent.add(id);
      return id;
    },
    observe(ids) {
      for (const id of ids) recent.add(id);
    },
  };
}
