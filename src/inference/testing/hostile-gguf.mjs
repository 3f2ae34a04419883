// Damaged and hostile GGUF files made from a good one: every kind of lie that a header can tell, from a fixed seed.

import { createWords } from './random-blocks.mjs';
import { createRandomModel } from './random-model.mjs';

/**
 * @typedef {{ at: number, bytes: 4 | 8, what: 'count' | 'length' | 'type' | 'dimension' | 'offset' }} Field
 * @typedef {{ key: string, type: number, valueAt: number }} Entry
 * @typedef {{ kind: string, bytes: Uint8Array, mustFail: boolean }} HostileFile `mustFail`: no reading of it is right
 */

const VALUE_BYTES = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
const TYPE_STRING = 8;
const TYPE_ARRAY = 9;
const TENSOR_TYPE_F32 = 0;

/** Where everything is that can be lied about. @param {Uint8Array} bytes */
function locateFields(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder();
  /** @type {Field[]} */
  const fields = [
    { at: 8, bytes: 8, what: 'count' },
    { at: 16, bytes: 8, what: 'count' },
  ];
  /** @type {Entry[]} */
  const entries = [];
  /** @type {{ offsetAt: number, typeAt: number, dimensionsAt: number }[]} */
  const tensors = [];
  let at = 24;
  const u64 = (/** @type {Field['what']} */ what) => {
    fields.push({ at, bytes: 8, what });
    at += 8;
    return Number(view.getBigUint64(at - 8, true));
  };
  const u32 = (/** @type {Field['what']} */ what) => {
    fields.push({ at, bytes: 4, what });
    at += 4;
    return view.getUint32(at - 4, true);
  };
  const string = () => {
    const length = u64('length');
    at += length;
    return decoder.decode(bytes.subarray(at - length, at));
  };
  const entryCount = Number(view.getBigUint64(16, true));
  for (let index = 0; index < entryCount; index++) {
    const key = string();
    const type = u32('type');
    entries.push({ key, type, valueAt: at });
    if (type === TYPE_STRING) string();
    else if (type === TYPE_ARRAY) {
      const element = u32('type');
      const count = u64('count');
      // Not each of a vocabulary's lengths: they would crowd out the rest.
      const known = fields.length;
      if (element === TYPE_STRING) for (let item = 0; item < count; item++) string();
      else at += count * (VALUE_BYTES[element] ?? 0);
      fields.length = Math.min(fields.length, known + 8);
    } else at += VALUE_BYTES[type] ?? 0;
  }
  const tensorCount = Number(view.getBigUint64(8, true));
  for (let index = 0; index < tensorCount; index++) {
    string();
    const dimensions = u32('count');
    const dimensionsAt = at;
    for (let dimension = 0; dimension < dimensions; dimension++) u64('dimension');
    const typeAt = at;
    u32('type');
    tensors.push({ dimensionsAt, typeAt, offsetAt: at });
    u64('offset');
  }
  return { fields, entries, tensors, headerBytes: at };
}

const ABSURD = [
  0n,
  1n,
  2n ** 20n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 40n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const ABSURD_NUMBERS = [0, 1, 3, 2 ** 16, 2 ** 31, 2 ** 32 - 1];
const ARCHITECTURES = ['', 'qwen3', 'xlama', '\u0000lama', 'llamb'];

/**
 * `count` files, the same for the same seed. The kinds take turns.
 * @param {number} count @param {number} [seed] @returns {Generator<HostileFile>}
 */
export function* createHostileGgufs(count, seed = 7) {
  const good = createRandomModel({ type: 'Q8_0', seed: 3 });
  const { fields, entries, tensors, headerBytes } = locateFields(good);
  const word = createWords(seed);
  const below = (/** @type {number} */ n) => word() % n;
  /** @template T @param {readonly T[]} list @returns {T} */
  const pick = (list) => /** @type {T} */ (list[below(list.length)]);
  const put = (/** @type {DataView} */ view, /** @type {Field} */ field, /** @type {bigint} */ value) => {
    if (field.bytes === 4) view.setUint32(field.at, Number(value & 0xffffffffn), true);
    else view.setBigUint64(field.at, value & (2n ** 64n - 1n), true);
  };
  const ofKind = (/** @type {Field['what']} */ what) => fields.filter((field) => field.what === what);
  const numbers = entries.filter(({ key, type }) => key.startsWith('llama.') && (type === 4 || type === 6));
  const lie = (/** @type {DataView} */ view, /** @type {Field['what']} */ what) => {
    put(view, pick(ofKind(what)), pick(ABSURD) + BigInt(below(2)));
    return undefined;
  };

  /** Each changes a copy; gives other bytes instead where it makes them, and says if nobody may accept it. */
  /** @type {Record<string, { mustFail?: boolean, damage: (view: DataView, bytes: Uint8Array) => Uint8Array | undefined }>} */
  const kinds = {
    'cut in the header': { mustFail: true, damage: (_, bytes) => bytes.slice(0, below(headerBytes)) },
    'cut in the data': {
      mustFail: true,
      damage: (_, bytes) => bytes.slice(0, bytes.length - 64 - below(bytes.length - headerBytes - 64)),
    },
    'wrong magic': {
      mustFail: true,
      damage(view) {
        view.setUint32(0, pick([0, 0x04034b50, 0x67676a74, 0x46554746, 0xffffffff]), true);
        return undefined;
      },
    },
    'wrong version': {
      mustFail: true,
      damage(view) {
        view.setUint32(4, pick([0, 1, 4, 99, 0x03000000, 0xffffffff]), true);
        return undefined;
      },
    },
    'absurd count': { damage: (view) => lie(view, 'count') },
    'absurd length': { damage: (view) => lie(view, 'length') },
    'absurd dimension': { damage: (view) => lie(view, 'dimension') },
    'absurd offset': { damage: (view) => lie(view, 'offset') },
    'another type': {
      damage(view) {
        put(view, pick(ofKind('type')), BigInt(pick([...Array(45).keys(), 255, 2 ** 31])));
        return undefined;
      },
    },
    'tensors that overlap': {
      mustFail: true,
      damage(view) {
        const first = below(tensors.length);
        const other = (first + 1 + below(tensors.length - 1)) % tensors.length;
        const place = (/** @type {number} */ index) => tensors[index]?.offsetAt ?? 0;
        view.setBigUint64(place(first), view.getBigUint64(place(other), true), true);
        return undefined;
      },
    },
    'tensors of another size': {
      damage(view) {
        const { dimensionsAt, typeAt } = pick(tensors);
        view.setBigUint64(dimensionsAt, BigInt(32 * (1 + below(64))), true);
        if (below(2)) view.setUint32(typeAt, TENSOR_TYPE_F32, true);
        return undefined;
      },
    },
    'unknown architecture': {
      mustFail: true,
      damage(view, bytes) {
        const at = entries.find(({ key }) => key === 'general.architecture')?.valueAt ?? 0;
        // Of the same length, or the rest of the header would shift.
        const name = new TextEncoder().encode(pick(ARCHITECTURES).padEnd(5, 'x').slice(0, 5));
        bytes.set(name, at + 8);
        return undefined;
      },
    },
    'absurd hyperparameter': {
      damage(view) {
        const { type, valueAt } = pick(numbers);
        if (type === 6) view.setFloat32(valueAt, pick([NaN, Infinity, -1, 0, 1e30]), true);
        else view.setUint32(valueAt, pick(ABSURD_NUMBERS), true);
        return undefined;
      },
    },
    'random bytes': {
      damage(_, bytes) {
        for (let edits = 1 + below(16); edits > 0; edits--) bytes[below(headerBytes)] = word() & 255;
        return undefined;
      },
    },
    'a renamed key': {
      damage(_, bytes) {
        const { key, valueAt } = pick(entries);
        bytes[valueAt - 4 - 1 - below(key.length)] = 0x7a;
        return undefined;
      },
    },
    noise: {
      mustFail: true,
      damage() {
        const noise = Uint8Array.from({ length: below(4096) }, () => word() & 255);
        // A right beginning, so that more than the magic number is looked at.
        if (below(2)) noise.set(good.subarray(0, Math.min(8, noise.length)));
        return noise;
      },
    },
  };
  const names = Object.keys(kinds);
  for (let index = 0; index < count; index++) {
    const kind = names[index % names.length] ?? '';
    const bytes = good.slice();
    const { damage, mustFail = false } = kinds[kind] ?? { damage: () => undefined };
    const replaced = damage(new DataView(bytes.buffer), bytes);
    yield { kind, bytes: replaced ?? bytes, mustFail };
  }
}
