import { InferenceError } from '../errors';
import type { ByteSource, GgufValue } from './types';

/** The largest vocabularies with their merges take about 16 MB; a hostile header must not take more than a second. */
const MAX_HEADER_BYTES = 32 * 1024 * 1024;
const FIRST_CHUNK_BYTES = 512 * 1024;
const MAX_STRING_BYTES = 64 * 1024 * 1024;
/** The largest vocabularies have a quarter of a million tokens and half a million merges. */
const MAX_STRINGS = 1 << 22;

/** Thrown and caught here: one object, for it is control flow and not a failure. */
const NEED_MORE = new Error('the header goes on beyond the buffer');

/** GGUF metadata value types (the GGUF specification, `gguf_metadata_value_type`). */
const TYPE_BYTES: Readonly<Record<number, number>> = {
  0: 1, // u8
  1: 1, // i8
  2: 2, // u16
  3: 2, // i16
  4: 4, // u32
  5: 4, // i32
  6: 4, // f32
  7: 1, // bool
  8: 8, // string: at least its length
  10: 8, // u64
  11: 8, // i64
  12: 8, // f64
};
const TYPE_STRING = 8;
const TYPE_ARRAY = 9;

// ignoreBOM keeps U+FEFF: it is a token of its own in some vocabularies.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Little-endian reader over the start of a file, fetched in growing chunks. Items are parsed synchronously (a
 * vocabulary is 100k strings) and parsed again from their first byte when the buffer turns out to end inside.
 */
export class HeaderReader {
  position = 0;
  #buffer = new Uint8Array(0);
  #view = new DataView(this.#buffer.buffer);
  #filled = 0;
  #wanted = 0;

  constructor(
    private readonly source: ByteSource,
    /** Names the file in messages: `part 2: `, or nothing for a single file. */
    readonly where: string,
    private readonly signal?: AbortSignal,
  ) {}

  fail(what: string, at = this.position): InferenceError {
    return new InferenceError('bad-file', `${this.where}${what} (at byte ${at})`);
  }

  /** Bytes from the current position to the end of the file: the bound for every count and length. */
  get remaining(): number {
    return this.source.size - this.position;
  }

  async readItem<T>(parse: () => T): Promise<T> {
    for (;;) {
      const start = this.position;
      try {
        return parse();
      } catch (error) {
        if (error !== NEED_MORE) throw error;
        this.position = start;
        await this.#grow();
      }
    }
  }

  async #grow(): Promise<void> {
    const length = Math.min(
      this.source.size,
      MAX_HEADER_BYTES,
      Math.max(this.#wanted, this.#filled * 2, FIRST_CHUNK_BYTES),
    );
    const bytes = await this.source.read(this.#filled, length - this.#filled, this.signal);
    if (bytes.length !== length - this.#filled) {
      throw new InferenceError(
        'read-failed',
        `${this.where}the source sent ${bytes.length} bytes too few or too many`,
      );
    }
    const grown = new Uint8Array(length);
    grown.set(this.#buffer);
    grown.set(bytes, this.#filled);
    this.#buffer = grown;
    this.#view = new DataView(grown.buffer);
    this.#filled = length;
  }

  /** Moves past `bytes` bytes and returns where they start. */
  take(bytes: number, what: string): number {
    const start = this.position;
    const end = start + bytes;
    if (end > this.#filled) {
      if (end > this.source.size) throw this.fail(`the file ends inside ${what}`);
      if (end > MAX_HEADER_BYTES) {
        throw new InferenceError(
          'unsupported',
          `${this.where}the header is longer than ${MAX_HEADER_BYTES} bytes`,
        );
      }
      this.#wanted = end;
      throw NEED_MORE;
    }
    this.position = end;
    return start;
  }

  u32(what: string): number {
    return this.#view.getUint32(this.take(4, what), true);
  }

  /** A 64-bit count, length or offset; values past 2^53 cannot fit any file and are refused. */
  u64(what: string): number {
    const at = this.take(8, what);
    const value = this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
    if (value > Number.MAX_SAFE_INTEGER) throw this.fail(`${what} is absurd: ${value}`, at);
    return value;
  }

  /** `where` the string is decoded as UTF-8 with replacement characters: damaged text never throws. */
  string(what: string, maxBytes = MAX_STRING_BYTES, lengthWhat = `the length of ${what}`): string {
    const at = this.position;
    const length = this.u64(lengthWhat);
    if (length > this.remaining) throw this.fail(`${what} of ${length} bytes runs past the end`, at);
    if (length > maxBytes) throw this.fail(`${what} has ${length} bytes, more than ${maxBytes}`, at);
    const start = this.take(length, what);
    // Most tokens are short ASCII, for which this loop beats TextDecoder several times over.
    if (length <= 24) {
      let text = '';
      let index = start;
      for (; index < start + length; index++) {
        const byte = this.#buffer[index] ?? 0;
        if (byte >= 0x80) break;
        text += String.fromCharCode(byte);
      }
      if (index === start + length) return text;
    }
    return decoder.decode(this.#buffer.subarray(start, start + length));
  }

  value(key: string): GgufValue {
    const at = this.position;
    const type = this.u32(`the type of '${key}'`);
    if (type === TYPE_ARRAY) return this.#array(key);
    if (type === TYPE_STRING) return this.string(`the value of '${key}'`);
    const size = TYPE_BYTES[type];
    if (size === undefined) throw this.fail(`'${key}' has the unknown value type ${type}`, at);
    const start = this.take(size, `the value of '${key}'`);
    return type === 7 ? this.#boolean(start, key) : this.#number(type, start);
  }

  #boolean(at: number, key: string): boolean {
    const byte = this.#view.getUint8(at);
    if (byte > 1) throw this.fail(`'${key}' is neither true nor false: ${byte}`, at);
    return byte === 1;
  }

  #number(type: number, at: number): number {
    const view = this.#view;
    switch (type) {
      case 0:
        return view.getUint8(at);
      case 1:
        return view.getInt8(at);
      case 2:
        return view.getUint16(at, true);
      case 3:
        return view.getInt16(at, true);
      case 4:
        return view.getUint32(at, true);
      case 5:
        return view.getInt32(at, true);
      case 6:
        return view.getFloat32(at, true);
      case 10:
        return Number(view.getBigUint64(at, true));
      case 11:
        return Number(view.getBigInt64(at, true));
      default:
        return view.getFloat64(at, true);
    }
  }

  #array(key: string): GgufValue {
    const at = this.position;
    const type = this.u32(`the element type of '${key}'`);
    if (type === TYPE_ARRAY) {
      throw new InferenceError('unsupported', `${this.where}'${key}' is an array of arrays (at byte ${at})`);
    }
    const size = TYPE_BYTES[type];
    if (size === undefined) throw this.fail(`'${key}' has the unknown element type ${type}`, at);
    const count = this.u64(`the length of '${key}'`);
    if (count > this.remaining / size)
      throw this.fail(`'${key}' with ${count} elements runs past the end`, at);
    if (type === TYPE_STRING) {
      if (count > MAX_STRINGS)
        throw new InferenceError('unsupported', `${this.where}'${key}' has ${count} strings`);
      const strings: string[] = [];
      // One name for all: millions of names would take longer than the reading.
      const what = `an element of '${key}'`;
      for (let index = 0; index < count; index++) strings.push(this.string(what, MAX_STRING_BYTES, what));
      return strings;
    }
    const start = this.take(count * size, `'${key}'`);
    const bytes = this.#buffer.slice(start, start + count * size);
    // Every engine with WASM is little-endian on every machine that runs it today, as the file is.
    switch (type) {
      case 0:
      case 7:
        return bytes;
      case 1:
        return new Int8Array(bytes.buffer);
      case 2:
        return new Uint16Array(bytes.buffer);
      case 3:
        return new Int16Array(bytes.buffer);
      case 4:
        return new Uint32Array(bytes.buffer);
      case 5:
        return new Int32Array(bytes.buffer);
      case 6:
        return new Float32Array(bytes.buffer);
      case 12:
        return new Float64Array(bytes.buffer);
      default:
        return Float64Array.from({ length: count }, (_, index) => this.#number(type, start + index * size));
    }
  }
}
