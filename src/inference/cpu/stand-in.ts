/** Words of kernels/model.h's Sync; the last two lie in its padding, and only JavaScript knows of them. */
const SEQ = 0;
const DONE = 2;
const GENERATION = 16;
const ARRIVED = 17;
const BROKEN = 3;
const STAND_INS = 4;
/** Values of BROKEN, which is 0 as long as all live. */
const DEAD = 1;
const BURIED = 2;
const SYNC_WORDS = 19;
/** What `describe` (kernels/engine.c) says of these places. */
export const SYNC_FACTS: readonly number[] = [SEQ, DONE, GENERATION, ARRIVED];
/** Between looks at whether the others have reached a barrier. */
const LOOK_MS = 1;

/** The shared words by which the threads of a model find each other. */
export function syncWords(memory: WebAssembly.Memory, sync: number): Int32Array {
  return new Int32Array(memory.buffer, sync, SYNC_WORDS);
}

/**
 * The leader's word that its job is over, which lets those go that stand in. Returns whether a thread has died: the
 * results of this job, and of every later one, are worthless.
 */
export function leaveJob(words: Int32Array): boolean {
  return Atomics.compareExchange(words, BROKEN, DEAD, BURIED) !== 0;
}

/**
 * What a thread that died in the middle of a job does to the end of that job: nothing but let the others through their
 * barriers. The leader waits for them without looking at its messages; without this it would wait for ever.
 */
export function standIn(words: Int32Array): void {
  const threads = Atomics.load(words, SEQ) & 255;
  Atomics.store(words, BROKEN, DEAD);
  Atomics.add(words, STAND_INS, 1);
  Atomics.add(words, DONE, 1);
  Atomics.notify(words, DONE);
  while (Atomics.load(words, BROKEN) === DEAD) {
    const arrived = Atomics.load(words, ARRIVED);
    const missing = threads - arrived - Atomics.load(words, STAND_INS);
    // By exchange: of two that stand in, one opens the barrier.
    if (arrived > 0 && missing <= 0 && Atomics.compareExchange(words, ARRIVED, arrived, 0) === arrived) {
      Atomics.add(words, GENERATION, 1);
      Atomics.notify(words, GENERATION);
    }
    Atomics.wait(words, DONE, Atomics.load(words, DONE), LOOK_MS);
  }
}
