import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileBinary, createMemory, instantiate, supportsBuild } from './binary';
import type { SimdBuild } from './binary';
import { createRooflineLoops, fastestKernel } from './roofline-loops';

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
    const chains = 12;
    const dotsOf = (kernel: number, products: number) => engine.dotRoundOps(kernel) / (chains * 2 * products);
    for (const kernel of [0, 1, 2]) expect(engine.dotRoundOps(kernel)).toBeGreaterThanOrEqual(512);
    // Chain i begins at i in each of 4 lanes. Pairs: the dot product of (i, 0) and (1, 1) is i; with (0, 0) only x is left.
    expect(engine.dotLoop(2, 5, 0, 0x00010001)).toBe(4 * ((chains * (chains - 1)) / 2));
    expect(engine.dotLoop(2, 5, 0x00010001, 0)).toBe((4 * chains * 0x00010001) | 0);
    if (build === 'wasm32-plain') return;
    // Sums of 16 bits: times nothing leaves x in both halves of a lane.
    expect(engine.dotLoop(1, 5, 0x00010001, 0)).toBe((4 * chains * 0x00010001) | 0);
    // Each dot adds 4 products in each of 4 lanes to each chain.
    const starts = 4 * ((chains * (chains - 1)) / 2);
    expect(engine.dotLoop(0, 5, 0x01010101, 0x01010101)).toBe(starts + 5 * dotsOf(0, 16) * chains * 4 * 4);
  });

  it('use the kernel that is asked for, in the plain build its only one', async () => {
    const make = (kernel?: 'dot32' | 'pairs') =>
      compile(build).then((module) => createRooflineLoops(module, build, 4 << 20, kernel));
    const { dotMode, kernel } = await make();
    expect(kernel).toBe(fastestKernel(build, dotMode));
    expect((await make('pairs')).kernel).toBe('pairs');
    expect((await make('dot32')).kernel).toBe(build === 'wasm32-plain' ? 'pairs' : 'dot32');
  });

  it('run until their time is over, and give rates', async () => {
    let looks = 0;
    // Each look at the clock is 5 ms after the last: the first, then four steps until 20 ms are over.
    const now = () => 5 * looks++;
    const loops = await createRooflineLoops(await compile(build), build, 8 << 20, 'pairs', now);
    expect(loops.measure('read', 20)).toBe((4 * (4 << 20)) / 0.02);
    expect(looks).toBe(5);
    const engine = await instantiate(await compile(build), createMemory(build, 131_072, false));
    expect(loops.measure('dot', 20)).toBe((4 * 20_000 * engine.dotRoundOps(2)) / 0.02);
    expect(looks).toBe(10);
  });
});

it('names the fastest kernel of each dot product', () => {
  expect(fastestKernel('wasm32-plain', 'signed')).toBe('pairs');
  expect(fastestKernel('wasm32-relaxed', 'saturating')).toBe('sum16');
  expect(fastestKernel('wasm64-relaxed', 'unsigned')).toBe('dot32');
  expect(fastestKernel('wasm32-relaxed', 'signed')).toBe('dot32');
});
