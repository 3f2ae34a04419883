// A WASM file with the interface of a compiled MLC library and nothing behind it: enough for web-llm to go through
// everything that comes before it runs a model. Real libraries are megabytes, and compiled with another toolchain.

const I32 = 0x7f;
const GLOBAL_GET = 0x23;
const GLOBAL_SET = 0x24;
const LOCAL_GET = 0x20;
const I32_CONST = 0x41;
const I32_ADD = 0x6a;
const I32_AND = 0x71;
const I32_STORE = [0x36, 2, 0];

/** @param {number} value */
function unsigned(value) {
  const bytes = [];
  do {
    bytes.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value >>>= 7;
  } while (value > 0);
  return bytes;
}

/** @param {number} value */
function signed(value) {
  const bytes = [];
  for (;;) {
    const byte = value & 0x7f;
    value >>= 7;
    if ((value === 0 && (byte & 0x40) === 0) || (value === -1 && (byte & 0x40) !== 0))
      return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

/** @param {number[][]} items */
const vector = (items) => [...unsigned(items.length), ...items.flat()];
/** @param {number} id @param {number[]} content */
const section = (id, content) => [id, ...unsigned(content.length), ...content];
/** @param {string} text */
const name = (text) => [...unsigned(text.length), ...Buffer.from(text)];

const OK = [I32_CONST, 0];
/** Any handle but 0 says that the thing exists. @param {number} parameter */
const storeHandle = (parameter) => [LOCAL_GET, parameter, I32_CONST, ...signed(4096), ...I32_STORE, ...OK];

/** @type {readonly { name: string, parameters: number, results: number, body: number[] }[]} */
const FUNCTIONS = [
  { name: '_initialize', parameters: 0, results: 0, body: [] },
  {
    // A heap that only grows, in steps of 8 bytes.
    name: 'TVMWasmAllocSpace',
    parameters: 1,
    results: 1,
    body: [
      ...[GLOBAL_GET, 0],
      ...[GLOBAL_GET, 0, LOCAL_GET, 0, I32_ADD, I32_CONST, 7, I32_ADD, I32_CONST, ...signed(-8), I32_AND],
      ...[GLOBAL_SET, 0],
    ],
  },
  { name: 'TVMWasmFreeSpace', parameters: 1, results: 0, body: [] },
  { name: 'TVMFFIFunctionGetGlobal', parameters: 2, results: 1, body: storeHandle(1) },
  { name: 'TVMFFIFunctionSetGlobal', parameters: 3, results: 1, body: OK },
  { name: 'TVMFFIWasmFunctionCreate', parameters: 2, results: 1, body: storeHandle(1) },
  {
    // Another index for each.
    name: 'TVMFFITypeKeyToIndex',
    parameters: 2,
    results: 1,
    body: [
      ...[LOCAL_GET, 1, GLOBAL_GET, 1, ...I32_STORE],
      ...[GLOBAL_GET, 1, I32_CONST, 1, I32_ADD, GLOBAL_SET, 1],
      ...OK,
    ],
  },
  { name: 'TVMFFIObjectIncRef', parameters: 1, results: 1, body: OK },
  { name: 'TVMFFIObjectDecRef', parameters: 1, results: 1, body: OK },
  { name: 'TVMFFIFunctionCall', parameters: 4, results: 1, body: OK },
  { name: 'TVMFFIWasmGetLastError', parameters: 0, results: 1, body: OK },
];

/** The bytes of the file. */
export function createStubLibrary() {
  const types = FUNCTIONS.map(({ parameters, results }) => [
    ...[0x60, ...unsigned(parameters), ...Array(parameters).fill(I32)],
    ...[...unsigned(results), ...Array(results).fill(I32)],
  ]);
  const exported = FUNCTIONS.map((each, index) => [...name(each.name), 0, ...unsigned(index)]);
  const bodies = FUNCTIONS.map(({ body }) => [...unsigned(body.length + 2), 0, ...body, 0x0b]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types)),
    ...section(3, vector(FUNCTIONS.map((_, index) => unsigned(index)))),
    // 4 MiB.
    ...section(5, vector([[0, ...unsigned(64)]])),
    // Where the heap ends, and the next type's index.
    ...section(
      6,
      vector([
        [I32, 1, I32_CONST, ...signed(8192), 0x0b],
        [I32, 1, I32_CONST, ...signed(128), 0x0b],
      ]),
    ),
    ...section(7, vector([[...name('memory'), 2, 0], ...exported])),
    ...section(10, vector(bodies)),
  ]);
}
