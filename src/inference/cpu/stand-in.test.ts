import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { leaveJob, standIn } from './stand-in';

const [SEQ, DONE, GENERATION, ARRIVED] = [0, 2, 16, 17];

/** A healthy thread, as kernels/threads.h and engine.c have it: some barriers, then done. */
const THREAD = `
const { workerData: { words, threads, barriers, leader }, parentPort } = require('node:worker_threads');
for (let count = 0; count < barriers; count++) {
  const generation = Atomics.load(words, ${GENERATION});
  if (Atomics.add(words, ${ARRIVED}, 1) + 1 === threads) {
    Atomics.store(words, ${ARRIVED}, 0);
    Atomics.add(words, ${GENERATION}, 1);
    Atomics.notify(words, ${GENERATION});
  } else {
    while (Atomics.load(words, ${GENERATION}) === generation) Atomics.wait(words, ${GENERATION}, generation);
  }
}
if (!leader) {
  Atomics.add(words, ${DONE}, 1);
  Atomics.notify(words, ${DONE});
}
for (;leader;) {
  const done = Atomics.load(words, ${DONE});
  if (done === threads - 1) break;
  Atomics.wait(words, ${DONE}, done);
}
parentPort.postMessage('over');
`;

const STAND_IN = `
const { workerData: { words } } = require('node:worker_threads');
const { DEAD, BROKEN, STAND_INS, SEQ, DONE, GENERATION, ARRIVED, LOOK_MS } =
  { DEAD: 1, SEQ: 0, DONE: 2, GENERATION: 16, ARRIVED: 17, BROKEN: 3, STAND_INS: 4, LOOK_MS: 1 };
(${standIn.toString()})(words);
`;

describe('standIn', () => {
  it.each([
    [2, 1],
    [4, 1],
    [4, 2],
    [4, 3],
  ])('of %i threads with %i dead, the leader gets through', async (threads, dead) => {
    const words = new Int32Array(new SharedArrayBuffer(19 * 4));
    words[SEQ] = (5 << 8) | threads;
    const workers: Worker[] = [];
    const start = (code: string, workerData: object) => {
      const worker = new Worker(code, { eval: true, workerData: { words, threads, ...workerData } });
      workers.push(worker);
      return worker;
    };
    const over = Array.from({ length: threads - dead }, (_, index) =>
      once(start(THREAD, { barriers: 50, leader: index === 0 }), 'message'),
    );
    const buried = Array.from({ length: dead }, () => once(start(STAND_IN, {}), 'exit'));
    expect(await Promise.all(over)).toHaveLength(threads - dead);
    expect(leaveJob(words)).toBe(true);
    await Promise.all(buried);
    // For good.
    expect(leaveJob(words)).toBe(true);
    await Promise.all(workers.map((worker) => worker.terminate()));
  });

  it('is not broken before', () => {
    expect(leaveJob(new Int32Array(new SharedArrayBuffer(19 * 4)))).toBe(false);
  });
});
