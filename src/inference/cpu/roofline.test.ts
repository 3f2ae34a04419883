import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileBinary, createMemory, instantiate, supportsBuild } from './binary';
import type { SimdBuild } from './binary';
import { createRooflineLoops } from './roofline-loops';

const BUILDS: readonly SimdBuild[] = ['wasm32-relaxed', 'wasm32-plain'];

const compile = (build: SimdBuild) =>
  compileBinary(readFileSync(join(import.meta.dirname, 'binaries', `${build}.wasm`)), false);

describe.each(BUILDS.filter(supportsBuild))('the roofline loops of %s', (build) => {
  it('read every byte they claim to', async () => {
    const memory = createMemory(build, 131_072 + 4096, false);
    const engine = await instantiate(await compile(build), memory);
    const words = new Uint32Array(memory.buffer, 131_072, 1024);
    words.forEach((_, index) => (words[index] = Math.imul(index, 2_654_435_761)));
    const sum = words.reduce((total, word) => (total + word) | 0, 0);
    expect(engine.readLoop(131_072, 4096) | 0).toBe(sum);
    words[1023] = (words[1023] ?? 0) + 1;
    expect(engine.readLoop(131_072, 4096) | 0).toBe((sum + 1) | 0);
  });

  it('multiply as often as they claim to', async () => {
    const engine = await instantiate(await compile(build), createMemory(build, 131_072, false));
    expect(engine.dotRoundOps()).toBeGreaterThanOrEqual(512);
    if (build === 'wasm32-plain') return;
    // Each dot adds 4 products in each of 4 lanes to each chain; the chains begin at 0, 1, 2, ..
    const chains = 12;
    const dots = engine.dotRoundOps() / (chains * 32);
    const starts = 4 * ((chains * (chains - 1)) / 2);
    expect(engine.dotLoop(5, 0x01010101, 0x01010101)).toBe(starts + 5 * dots * chains * 4 * 4);
  });

  it('run until their time is over, and give rates', async () => {
    let looks = 0;
    // Each look at the clock is 5 ms after the last: the first, then four steps until 20 ms are over.
    const now = () => 5 * looks++;
    const loops = await createRooflineLoops(await compile(build), build, 8 << 20, now);
    expect(loops.measure('read', 20)).toBe((4 * (4 << 20)) / 0.02);
    expect(looks).toBe(5);
    const engine = await instantiate(await compile(build), createMemory(build, 131_072, false));
    expect(loops.measure('dot', 20)).toBe((4 * 20_000 * engine.dotRoundOps()) / 0.02);
    expect(looks).toBe(10);
  });
});
