// The arithmetic of a report: ratios of rounds, and what a model's rates are of the device's roof.

/** The middle one; of an even count the greater of the two. */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** The best of several rounds: other load on a shared machine only ever slows a round down. */
export function best(rounds, engine, phase) {
  return Math.max(...rounds.map((round) => round[engine][phase]));
}

/** Of neighbours in time, so that a change in the machine's load meets both; the median, because single rounds stray. */
export function ratio({ rounds }, phase, peer) {
  return median(rounds.map((round) => round.ours[phase] / round[peer][phase]));
}

/** A requirement holds for every model, so the least is what counts. */
function least(results, pick) {
  return Number(Math.min(...results.map(pick)).toFixed(3));
}

/**
 * Ours against native in both phases. `native` is llama.cpp as it runs here; where that uses AMX, which no page can reach,
 * `nativeWithoutAmx` was measured too, and is what `...VsNative` means.
 */
function ratiosToNative(results, nameOf) {
  const hasAmx = results.every(({ nativeWithoutAmx }) => nativeWithoutAmx);
  const against = (peer, suffix) =>
    Object.fromEntries(
      ['prefill', 'decode'].map((phase) => [
        `${nameOf(phase)}${suffix}`,
        least(results, (result) => ratio(result, phase, peer)),
      ]),
    );
  return hasAmx
    ? { ...against('nativeWithoutAmx', 'VsNative'), ...against('native', 'VsNativeAmx') }
    : against('native', 'VsNative');
}

/** Figures of the small models, by type. */
export function summariseSmall(small) {
  const all = Object.values(small);
  return {
    prefillVsWllama: least(all, (result) => ratio(result, 'prefill', 'wllama')),
    decodeVsWllama: least(all, (result) => ratio(result, 'decode', 'wllama')),
    ...ratiosToNative(all, (phase) => phase),
    prefillOfRoof: least(all, ({ roof }) => roof.prefillShare),
    decodeOfRoof: least(all, ({ roof }) => roof.decodeShare),
    argmaxAgreement: least(all, ({ agreement }) => agreement.agreement),
    // What the agreement can be at all: how far each is from the same weights in exact arithmetic.
    oursVsExact: least(all, ({ agreement }) => agreement.oursVsExact),
    nativeVsExact: least(all, ({ agreement }) => agreement.nativeVsExact),
    greatestMissGap: -least(all, ({ agreement }) => -Math.max(0, ...agreement.misses.map(({ gap }) => gap))),
  };
}

/** Figures of the 7B-shaped models. */
export function summariseShapes({ Q4_0, Q4_K_M }) {
  const nameOf = (phase) => `shape${phase[0].toUpperCase()}${phase.slice(1)}`;
  return {
    shapeDecodeVsWllama: least([Q4_0], (result) => ratio(result, 'decode', 'wllama')),
    ...ratiosToNative([Q4_0], nameOf),
    shapeLoadVsRead: least([Q4_0], ({ loadMs, readMs }) => loadMs / readMs),
    shapeQ4KMDecode: least([Q4_K_M], ({ ours }) => ours.decode),
  };
}

/**
 * What a token costs at least: int8 operations of the layers' matrices (a multiplication and an addition are two; of a
 * prompt only the last token is multiplied with the output), and bytes of weights that decoding reads. `mainType` is
 * the type of most of the layers' weights.
 */
export function workOf(tensors) {
  const matrices = tensors.filter(({ dimensions }) => dimensions.length === 2);
  const isTied = !matrices.some(({ name }) => name === 'output.weight');
  let prefillOps = 0;
  let decodeBytes = 0;
  const bytesOfType = new Map();
  for (const { name, dimensions, type, bytes } of matrices) {
    const isLayer = name.startsWith('blk.');
    if (isLayer) {
      prefillOps += 2 * dimensions[0] * dimensions[1];
      bytesOfType.set(type, (bytesOfType.get(type) ?? 0) + bytes);
    }
    if (isLayer || name === (isTied ? 'token_embd.weight' : 'output.weight')) decodeBytes += bytes;
  }
  const [mainType] = [...bytesOfType].reduce((a, b) => (b[1] > a[1] ? b : a));
  return { prefillOps, decodeBytes, mainType };
}

/** A model's rates as shares of the device's roof: 1 would be nothing but multiplications, or nothing but reading. */
export function shareOfRoof({ prefill, decode }, { prefillOps, decodeBytes }, roofline) {
  return {
    prefillShare: (prefill * prefillOps) / roofline.dotOpsPerSecond,
    decodeShare: (decode * decodeBytes) / roofline.readBytesPerSecond,
  };
}

/** Share of positions at which two lists of token ids agree. */
export function share(wanted, predicted) {
  if (wanted.length !== predicted.length)
    throw new RangeError(`${wanted.length} and ${predicted.length} positions`);
  return wanted.filter((id, position) => id === predicted[position]).length / wanted.length;
}

/** Each engine's agreement with exact arithmetic. */
export function sharesOfRow({ exact, predictions }) {
  return Object.fromEntries(
    Object.entries(predictions).map(([name, predicted]) => [name, share(exact, predicted)]),
  );
}
