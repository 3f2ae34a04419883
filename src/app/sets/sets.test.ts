import { describe, expect, it } from 'vitest';
import type { SetStore, StoredSetSummary } from '../../domain/run/ports';
import { parseTestSet, type TestSet } from '../../domain/sets/test-set';
import { parseModel } from '../../domain/model/model';
import { countUnseen, isGeneratedId, listTags } from './set-facts';
import { Sets } from './sets.svelte';
import type { LoadedSet } from './test-sets';

const makeSet = (id: string, tags: readonly string[][] = [[]]) =>
  parseTestSet({
    id,
    title: id,
    language: 'en',
    licence: 'CC0-1.0',
    cases: tags.map((each, index) => ({
      id: String(index),
      prompt: '?',
      graders: [{ type: 'equals', value: 'x' }],
      tags: each,
    })),
  });

function makeStore(): SetStore {
  const sets = new Map<string, { summary: StoredSetSummary; testSet: TestSet }>();
  return {
    list: () => Promise.resolve([...sets.values()].map(({ summary }) => summary).reverse()),
    get: (id) => Promise.resolve(sets.get(id)?.testSet),
    put: (summary, testSet) => {
      sets.set(summary.id, { summary, testSet });
      return Promise.resolve();
    },
    delete: (id) => {
      sets.delete(id);
      return Promise.resolve();
    },
  };
}

function makeSets(store = makeStore()) {
  const saved: LoadedSet[] = [];
  const deleted: string[] = [];
  const sets = new Sets({
    store,
    now: () => 5,
    bundled: [{ id: 'logic-en', title: 'Logic', language: 'en', caseCount: 1, sha256: 'a'.repeat(64) }],
    onSaved: (set) => saved.push(set),
    onDeleted: (id) => deleted.push(id),
  });
  return { sets, saved, deleted };
}

describe('Sets', () => {
  it('keeps a set, tells of it and finds it again with its hash', async () => {
    const { sets, saved } = makeSets();
    expect(sets.stored).toBeUndefined();
    const kept = await sets.save(makeSet('mine', [['b'], ['a', 'b']]));
    expect(sets.stored).toMatchObject([
      { id: 'mine', caseCount: 2, tags: ['b', 'a'], updatedAt: 5, sha256: kept.sha256 },
    ]);
    expect(saved).toEqual([kept]);
    expect(await sets.find('mine')).toEqual(kept);
    expect(await sets.find('other')).toBeUndefined();
  });

  it('gives an added set an id that no other has, and none of a generated set', async () => {
    const { sets } = makeSets();
    await sets.add(makeSet('logic-en'));
    await sets.add(makeSet('logic-en'));
    await sets.add(makeSet('gen-zebra-1-1-1-en'));
    expect(sets.stored?.map(({ id }) => id)).toEqual(['own-gen-zebra-1-1-1-en', 'logic-en-3', 'logic-en-2']);
  });

  it('keeps ids within their bounds', async () => {
    const { sets } = makeSets();
    const long = 'x'.repeat(80);
    await sets.add(makeSet(long));
    const second = await sets.add(makeSet(long));
    expect(second.testSet.id).toHaveLength(74);
    expect(parseTestSet(second.testSet)).toEqual(second.testSet);
  });

  it('deletes a set and tells of it', async () => {
    const { sets, deleted } = makeSets();
    await sets.save(makeSet('mine'));
    await sets.delete('mine');
    expect(sets.stored).toEqual([]);
    expect(deleted).toEqual(['mine']);
  });

  it('goes on without storage, and says so', async () => {
    const broken = { ...makeStore(), list: () => Promise.reject(new Error('forbidden')) };
    const { sets } = makeSets(broken);
    await sets.refresh();
    expect(sets.stored).toEqual([]);
    expect(sets.fault).toMatchObject({ kind: 'engine', detail: 'forbidden' });
  });
});

describe('listTags', () => {
  it('puts the most frequent first', () => {
    expect(listTags(makeSet('x', [['a'], ['b'], ['b']]))).toEqual(['b', 'a']);
  });
});

describe('countUnseen', () => {
  it('counts the cases with images, for a model without a projector', () => {
    const plain = makeSet('x', [['a'], ['b']]);
    const images = [{ mediaType: 'image/png', path: 'sets/images/arrow-1.png' } as const];
    const mixed = { ...plain, cases: plain.cases.map((each, at) => (at === 0 ? { ...each, images } : each)) };
    const model = (companions: readonly object[]) =>
      parseModel({
        id: 'm',
        name: 'M',
        family: 'F',
        parameters: 1,
        licence: 'MIT',
        source: 'https://x.example/',
        template: { kind: 'jinja', source: '{{ messages }}' },
        artifacts: [
          {
            id: 'a',
            format: 'gguf',
            quantization: 'F32',
            contextTokens: 512,
            files: [file('m')],
            companions,
          },
        ],
      }).artifacts[0];
    const file = (name: string) => ({ name, local: name, bytes: 1 });
    const [blind, seeing] = [model([]), model([{ kind: 'mmproj', file: file('p') }])];
    if (blind === undefined || seeing === undefined) throw new Error('no artifact');
    expect([countUnseen(plain, blind), countUnseen(mixed, blind), countUnseen(mixed, seeing)]).toEqual([
      0, 1, 0,
    ]);
  });
});

describe('isGeneratedId', () => {
  it('knows generated sets by their ids', () => {
    expect(isGeneratedId('gen-zebra-7-100-3-en')).toBe(true);
    expect(isGeneratedId('zebra')).toBe(false);
  });
});
