/** What the language itself puts on the global object, less what makes code of text or shares memory. */
const KEPT = new Set<string | symbol>([
  ...[
    'globalThis',
    'undefined',
    'NaN',
    'Infinity',
    'Object',
    'Boolean',
    'Number',
    'BigInt',
    'String',
    'Symbol',
  ],
  ...[
    'Array',
    'Map',
    'Set',
    'WeakMap',
    'WeakSet',
    'WeakRef',
    'Iterator',
    'Promise',
    'Proxy',
    'Reflect',
    'JSON',
  ],
  ...['Math', 'Date', 'Intl', 'RegExp', 'parseInt', 'parseFloat', 'isNaN', 'isFinite', 'escape', 'unescape'],
  ...['encodeURI', 'encodeURIComponent', 'decodeURI', 'decodeURIComponent', 'structuredClone'],
  ...['Error', 'AggregateError', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError'],
  ...[
    'URIError',
    'SuppressedError',
    'ArrayBuffer',
    'DataView',
    'Int8Array',
    'Uint8Array',
    'Uint8ClampedArray',
  ],
  ...['Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array', 'BigInt64Array', 'BigUint64Array'],
  ...['Float16Array', 'Float32Array', 'Float64Array', 'FinalizationRegistry'],
  // JSON Schemas name each other by URL.
  'URL',
]);

/**
 * Takes everything but the language from the global object and its prototypes, so that what a browser adds one day is
 * gone too: network, storage, messages, other workers, `eval` and `Function`. There is no way back.
 * @returns the names that could not be taken
 */
export function lockGlobals(): readonly string[] {
  const leftovers: string[] = [];
  for (
    let scope: object | null = globalThis;
    scope !== null && scope !== Object.prototype;
    scope = Reflect.getPrototypeOf(scope)
  ) {
    for (const name of Reflect.ownKeys(scope)) {
      if (KEPT.has(name) || Reflect.deleteProperty(scope, name)) continue;
      // Constants such as Chromium's `PERSISTENT` stay; a number leads nowhere.
      const value: unknown = Reflect.getOwnPropertyDescriptor(scope, name)?.value;
      if (typeof value !== 'number') leftovers.push(String(name));
    }
  }
  for (const name of ['createObjectURL', 'revokeObjectURL']) {
    if (!Reflect.deleteProperty(URL, name)) leftovers.push(name);
  }
  // Every function leads to the constructor of its kind, which makes code of text.
  const kinds = [() => 0, async () => Promise.resolve(), function* () {}, async function* () {}];
  for (const kind of kinds) {
    const prototype = Reflect.getPrototypeOf(kind);
    const isLocked =
      prototype !== null &&
      Reflect.defineProperty(prototype, 'constructor', {
        value: undefined,
        writable: false,
        configurable: false,
      });
    if (!isLocked) leftovers.push('constructor');
  }
  // Scripts often print; here that goes nowhere.
  const print = () => undefined;
  const quiet = { log: print, debug: print, info: print, warn: print, error: print };
  Reflect.defineProperty(globalThis, 'console', { value: quiet });
  return leftovers;
}
