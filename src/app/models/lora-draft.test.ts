import { describe, expect, it } from 'vitest';
import { badInput } from '../../domain/fault';
import type { Adapter, LoraPlan } from '../../domain/model/lora-model';
import type { LoraBase } from './adapters.svelte';
import { LoraDraft, readScale } from './lora-draft.svelte';

const adapter = (name: string): Adapter => ({
  name,
  architecture: 'llama',
  copied: false,
  file: { name, bytes: 1, local: name },
});
const plan = { bytes: 7 } as LoraPlan;
const base = {} as LoraBase;

function make(planned: (adapter: Adapter) => Promise<LoraPlan> = () => Promise.resolve(plan)) {
  const made: (readonly [string, number])[] = [];
  const draft = new LoraDraft(
    {
      pick: ([picked]) => Promise.resolve(adapter(picked?.file.name ?? '')),
      fetch: (address) => Promise.resolve(adapter(address)),
      plan: (_base, chosen) => planned(chosen),
      make: (_base, chosen, scale) => {
        made.push([chosen.name, scale]);
        return Promise.resolve({} as Awaited<ReturnType<ConstructorParameters<typeof LoraDraft>[0]['make']>>);
      },
    },
    base,
  );
  return { draft, made };
}

describe('readScale', () => {
  it.each([
    ['1', 1],
    [' 0,8 ', 0.8],
    ['-10', -10],
    ['0', 0],
    ['', undefined],
    ['10.1', undefined],
    ['x', undefined],
    ['NaN', undefined],
    ['Infinity', undefined],
  ])('%j is %s', (text, scale) => {
    expect(readScale(text)).toBe(scale);
  });
});

describe('LoraDraft', () => {
  it('plans as soon as there is an adapter, and makes the model at the scale that was typed', async () => {
    const { draft, made } = make();
    await draft.pick([{ file: new File([''], 'a.gguf') }]);
    expect([draft.adapter?.name, draft.plan, draft.task]).toEqual(['a.gguf', plan, undefined]);
    draft.scaleText = '0.5';
    expect(await draft.make()).toBeDefined();
    expect(made).toEqual([['a.gguf', 0.5]]);
  });

  it('makes nothing without an adapter, a plan and a scale', async () => {
    const { draft, made } = make((chosen) =>
      chosen.name === 'bad' ? Promise.reject(badInput('LoRA merge', 'x')) : Promise.resolve(plan),
    );
    await draft.make();
    await draft.choose(adapter('bad'));
    expect(draft.fault).toMatchObject({ what: 'LoRA merge' });
    await draft.make();
    await draft.choose(adapter('good'));
    expect(draft.fault).toBeUndefined();
    draft.scaleText = '11';
    await draft.make();
    expect(made).toEqual([]);
  });

  it('drops the plan of an adapter that is no longer wanted', async () => {
    let answer: (found: LoraPlan) => void = () => undefined;
    const slow = { bytes: 1 } as LoraPlan;
    const { draft } = make((chosen) =>
      chosen.name === 'slow' ? new Promise((resolve) => (answer = resolve)) : Promise.resolve(plan),
    );
    const first = draft.choose(adapter('slow'));
    await Promise.resolve();
    await draft.fetch('https://x.example/quick.gguf');
    answer(slow);
    await first;
    expect([draft.plan, draft.adapter?.name]).toEqual([plan, 'https://x.example/quick.gguf']);
  });
});
