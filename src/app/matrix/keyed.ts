/** What is known by key; replaced as a whole, so that a state that holds it tells of every change. */
export type Keyed<Value> = ReadonlyMap<string, Value>;

export function emptyKeyed<Value>(): Keyed<Value> {
  return new Map();
}

/** With another value, or without one where it is undefined. */
export function withEntry<Value>(keyed: Keyed<Value>, key: string, value: Value | undefined): Keyed<Value> {
  const entries = [...keyed].filter(([each]) => each !== key);
  return new Map(value === undefined ? entries : [...entries, [key, value]]);
}
