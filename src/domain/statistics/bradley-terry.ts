import { createRandomInteger } from './resampling-random';
import type { Interval } from './wilson';

/** One comparison of two by a judge. */
export interface Battle {
  readonly firstId: string;
  readonly secondId: string;
  /** A tie, and two that are both bad, count half for each. */
  readonly winner: 'first' | 'second' | 'tie';
}

export interface Rated {
  readonly id: string;
  /** Of the logistic model: a difference d wins with chance 1/(1 + e^-d). The mean of all is 0. */
  readonly strength: number;
  /** 1000 + 400·log10 of the odds, the scale of chess and of lmsys' arena. */
  readonly rating: number;
  readonly battles: number;
}

export interface RatedWithInterval extends Rated {
  /** Of the rating, 95 %. */
  readonly interval: Interval;
}

/** A normal prior of this precision on each strength: keeps one that has won every battle from going to infinity. */
const PRIOR_PRECISION = 0.1;
const MOST_STEPS = 100;

/**
 * Bradley-Terry by maximum likelihood with an L2 prior, by Newton's method (R. A. Bradley and M. E. Terry 1952;
 * W.-L. Chiang et al., "Chatbot Arena", 2024). Best first.
 * @param precision of the prior, λ in λ/2·Σθ²
 */
export function rateBattles(battles: readonly Battle[], precision = PRIOR_PRECISION): readonly Rated[] {
  const ids = [...new Set(battles.flatMap(({ firstId, secondId }) => [firstId, secondId]))];
  const strengths = fitStrengths(countWins(battles, ids), precision);
  return ids
    .map((id, at) => {
      const strength = strengths[at] ?? 0;
      return {
        id,
        strength,
        rating: toRating(strength),
        battles: battles.filter(({ firstId, secondId }) => firstId === id || secondId === id).length,
      };
    })
    .sort((a, b) => b.strength - a.strength);
}

/** The same with percentile bootstrap intervals over the battles. */
export function rateWithIntervals(
  battles: readonly Battle[],
  { resamples = 1_000, seed = 1, precision = PRIOR_PRECISION } = {},
): readonly RatedWithInterval[] {
  const ids = [...new Set(battles.flatMap(({ firstId, secondId }) => [firstId, secondId]))];
  const placed = battles.map((battle) => ({
    first: ids.indexOf(battle.firstId),
    second: ids.indexOf(battle.secondId),
    score: scoreOf(battle),
  }));
  const pick = createRandomInteger(seed);
  const drawn = Array.from({ length: resamples }, () => {
    const wins = makeSquare(ids.length);
    for (let draw = 0; draw < placed.length; draw++) {
      const battle = placed[pick(placed.length)];
      if (battle !== undefined) addBattle(wins, battle.first, battle.second, battle.score);
    }
    return fitStrengths(wins, precision);
  });
  return rateBattles(battles, precision).map((rated) => {
    const at = ids.indexOf(rated.id);
    const ratings = drawn.map((strengths) => toRating(strengths[at] ?? 0)).sort((a, b) => a - b);
    const find = (share: number) => ratings[Math.round(share * (ratings.length - 1))] ?? rated.rating;
    return { ...rated, interval: { low: find(0.025), high: find(0.975) } };
  });
}

/**
 * Those that battles connect, directly or through others: ratings of two that no battle connects say nothing of each other.
 * Largest group first.
 */
export function findConnected(battles: readonly Battle[]): readonly (readonly string[])[] {
  const groups: Set<string>[] = [];
  for (const { firstId, secondId } of battles) {
    const touched = groups.filter((group) => group.has(firstId) || group.has(secondId));
    const merged = new Set([firstId, secondId, ...touched.flatMap((group) => [...group])]);
    for (const group of touched) groups.splice(groups.indexOf(group), 1);
    groups.push(merged);
  }
  return groups.map((group) => [...group].sort()).sort((a, b) => b.length - a.length);
}

function toRating(strength: number): number {
  return 1_000 + (400 * strength) / Math.LN10;
}

function scoreOf({ winner }: Battle): number {
  return winner === 'first' ? 1 : winner === 'second' ? 0 : 0.5;
}

function makeSquare(size: number): Float64Array[] {
  return Array.from({ length: size }, () => new Float64Array(size));
}

function addBattle(wins: readonly Float64Array[], first: number, second: number, score: number): void {
  const firstWins = wins[first];
  const secondWins = wins[second];
  if (firstWins === undefined || secondWins === undefined) return;
  firstWins[second] = (firstWins[second] ?? 0) + score;
  secondWins[first] = (secondWins[first] ?? 0) + 1 - score;
}

function countWins(battles: readonly Battle[], ids: readonly string[]): readonly Float64Array[] {
  const wins = makeSquare(ids.length);
  const places = new Map(ids.map((id, at) => [id, at]));
  for (const battle of battles) {
    addBattle(wins, places.get(battle.firstId) ?? 0, places.get(battle.secondId) ?? 0, scoreOf(battle));
  }
  return wins;
}

/** The penalised likelihood is strictly concave, so Newton's steps, halved where they overshoot, find its one maximum. */
function fitStrengths(wins: readonly Float64Array[], precision: number): Float64Array {
  const size = wins.length;
  let strengths = new Float64Array(size);
  let value = findLikelihood(wins, strengths, precision);
  for (let step = 0; step < MOST_STEPS; step++) {
    const { gradient, hessian } = differentiate(wins, strengths, precision);
    const change = solve(hessian, gradient);
    let scale = 1;
    let next = strengths.map((each, at) => each + (change[at] ?? 0));
    let better = findLikelihood(wins, next, precision);
    while (better < value && scale > 1e-6) {
      scale /= 2;
      next = strengths.map((each, at) => each + scale * (change[at] ?? 0));
      better = findLikelihood(wins, next, precision);
    }
    strengths = next;
    value = better;
    if (change.every((each) => Math.abs(each) < 1e-12)) break;
  }
  return strengths;
}

function findLikelihood(wins: readonly Float64Array[], strengths: Float64Array, precision: number): number {
  let sum = 0;
  for (const [i, row] of wins.entries()) {
    for (const [j, count] of row.entries()) {
      if (count > 0) sum -= count * Math.log1p(Math.exp((strengths[j] ?? 0) - (strengths[i] ?? 0)));
    }
    sum -= (precision / 2) * (strengths[i] ?? 0) ** 2;
  }
  return sum;
}

/** Gradient, and the negated Hessian. */
function differentiate(wins: readonly Float64Array[], strengths: Float64Array, precision: number) {
  const gradient = new Float64Array(wins.length);
  const hessian = makeSquare(wins.length);
  for (const [i, row] of wins.entries()) {
    const own = hessian[i] ?? new Float64Array(0);
    const strength = strengths[i] ?? 0;
    let slope = -precision * strength;
    let bend = precision;
    for (const [j, won] of row.entries()) {
      const battles = won + (wins[j]?.[i] ?? 0);
      if (i === j || battles === 0) continue;
      const chance = 1 / (1 + Math.exp((strengths[j] ?? 0) - strength));
      slope += won - battles * chance;
      bend += battles * chance * (1 - chance);
      own[j] = -battles * chance * (1 - chance);
    }
    gradient[i] = slope;
    own[i] = bend;
  }
  return { gradient, hessian };
}

/** Of a symmetric positive definite matrix, by Gaussian elimination. */
function solve(matrix: readonly Float64Array[], right: Float64Array): Float64Array {
  const rows = matrix.map((row) => Float64Array.from(row));
  const values = Float64Array.from(right);
  for (const [at, pivot] of rows.entries()) {
    for (let below = at + 1; below < rows.length; below++) {
      const row = rows[below];
      if (row === undefined) continue;
      const factor = (row[at] ?? 0) / (pivot[at] ?? 1);
      if (factor === 0) continue;
      for (let column = at; column < rows.length; column++) {
        row[column] = (row[column] ?? 0) - factor * (pivot[column] ?? 0);
      }
      values[below] = (values[below] ?? 0) - factor * (values[at] ?? 0);
    }
  }
  for (let at = rows.length - 1; at >= 0; at--) {
    const row = rows[at];
    let sum = values[at] ?? 0;
    for (let column = at + 1; column < rows.length; column++) {
      sum -= (row?.[column] ?? 0) * (values[column] ?? 0);
    }
    values[at] = sum / (row?.[at] ?? 1);
  }
  return values;
}
