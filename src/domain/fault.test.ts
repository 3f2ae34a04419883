import { describe, expect, it } from 'vitest';
import { badInput, FaultError, throwIfStopped, toFault } from './fault';

describe('toFault', () => {
  it('keeps the fault of a FaultError', () => {
    const fault = { kind: 'quota', neededBytes: 7, freeBytes: 3 } as const;
    expect(toFault(new FaultError(fault))).toBe(fault);
  });

  it('takes an abort for a stop', () => {
    const abort = new AbortController();
    abort.abort();
    expect(toFault(abort.signal.reason)).toEqual({ kind: 'stopped' });
  });

  it('takes a full disk for quota', () => {
    expect(toFault(new DOMException('full', 'QuotaExceededError'))).toEqual({
      kind: 'quota',
      neededBytes: 0,
    });
  });

  it.each([
    [new RangeError('too much'), 'too much'],
    [new TypeError(), 'TypeError'],
    ['a string', 'a string'],
    [undefined, 'undefined'],
    [null, 'null'],
    [42, '42'],
  ])('takes %s for a fault of the engine', (thrown, detail) => {
    expect(toFault(thrown)).toEqual({ kind: 'engine', detail });
  });
});

describe('FaultError', () => {
  it('says what it is about in logs', () => {
    expect(new FaultError({ kind: 'stopped' }).message).toBe('stopped');
    expect(badInput('link', 'too long').message).toBe('bad-input: too long');
    expect(badInput('link', 'too long')).toMatchObject({ name: 'FaultError', fault: { what: 'link' } });
  });

  it('keeps its cause', () => {
    const cause = new Error('below');
    expect(new FaultError({ kind: 'stopped' }, { cause }).cause).toBe(cause);
  });
});

describe('throwIfStopped', () => {
  it('throws only after an abort', () => {
    const abort = new AbortController();
    expect(() => throwIfStopped(abort.signal)).not.toThrow();
    abort.abort();
    expect(() => throwIfStopped(abort.signal)).toThrow(FaultError);
  });
});
