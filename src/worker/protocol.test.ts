import { expose, wrap } from 'comlink';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FaultError, type Fault } from '../domain/fault';
import { carryFaults, nameRunLock } from './protocol';

const faults: readonly Fault[] = [
  { kind: 'stopped' },
  { kind: 'unsupported', detail: 'format onnx' },
  { kind: 'download', url: 'https://x.example/a.bin', status: 404, detail: 'HTTP 404' },
  { kind: 'download', url: 'https://x.example/a.bin', detail: 'cut' },
  { kind: 'integrity', file: 'weights.gguf', shard: 3, detail: 'wrong bytes' },
  { kind: 'quota', neededBytes: 98_362_432, freeBytes: 7 },
  { kind: 'out-of-memory', detail: 'failed to grow' },
  { kind: 'device-lost', detail: 'driver' },
  { kind: 'engine', detail: '' },
  { kind: 'bad-input', what: 'test set', detail: 'cases: repeat' },
];

/** The other side of a channel: throws what it is told to, in the three ways that code throws. */
const thrower = {
  now(index: number): string {
    throw thingsToThrow[index];
  },
  later(index: number): Promise<string> {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    return Promise.reject(thingsToThrow[index]);
  },
  never: () => 'a value',
};
const thingsToThrow: readonly unknown[] = [
  ...faults.map((fault) => new FaultError(fault, { cause: new Error('below') })),
  new RangeError('plain'),
  { fault: { kind: 'stopped' } },
  'text',
];

let channel: MessageChannel;
beforeAll(carryFaults);
beforeEach(() => {
  channel = new MessageChannel();
  expose(thrower, channel.port1);
});
afterEach(() => {
  channel.port1.close();
  channel.port2.close();
});

async function catchFrom(method: 'now' | 'later', index: number): Promise<unknown> {
  const remote = wrap<typeof thrower>(channel.port2);
  channel.port2.start();
  return remote[method](index).then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error: unknown) => error,
  );
}

describe('carryFaults', () => {
  describe.each(['now', 'later'] as const)('thrown %s', (method) => {
    it.each(faults.map((fault, index): [string, number, Fault] => [JSON.stringify(fault), index, fault]))(
      'keeps class and fields of %s',
      async (_text, index, fault) => {
        const caught = await catchFrom(method, index);
        expect(caught).toBeInstanceOf(FaultError);
        expect(caught).toHaveProperty('fault', fault);
      },
    );

    it('leaves a plain error a plain error', async () => {
      const caught = await catchFrom(method, faults.length);
      expect(caught).toBeInstanceOf(Error);
      expect(caught).not.toBeInstanceOf(FaultError);
      expect(caught).toMatchObject({ name: 'RangeError', message: 'plain' });
    });

    it('does not take what only looks like a fault for one', async () => {
      expect(await catchFrom(method, faults.length + 1)).toEqual({ fault: { kind: 'stopped' } });
      expect(await catchFrom(method, faults.length + 2)).toBe('text');
    });
  });

  it('does not touch what is returned', async () => {
    const remote = wrap<typeof thrower>(channel.port2);
    channel.port2.start();
    expect(await remote.never()).toBe('a value');
  });

  it('may be called on both sides of one program', async () => {
    carryFaults();
    carryFaults();
    expect(await catchFrom('later', 5)).toHaveProperty('fault', faults[5]);
    expect(await catchFrom('later', faults.length)).toMatchObject({ name: 'RangeError', message: 'plain' });
  });
});

describe('nameRunLock', () => {
  it('begins alike for all runs, so that those under way can be found', () => {
    expect(nameRunLock('abc')).toBe(`${nameRunLock('')}abc`);
  });
});
