import { describe, expect, it } from 'vitest';
import type { SettingsStore } from '../../domain/run/ports';
import type { ChatTurn } from './chat.svelte';
import { KeptChats, MOST_CHATS, type KeptChat } from './kept-chats.svelte';
import { makeTurnSet } from './turn-set';

const turn = (question: string, change: Partial<ChatTurn> = {}): ChatTurn => ({
  id: 1,
  question,
  answer: `${question}!`,
  images: [],
  modelName: 'Model',
  quantization: 'Q4_1',
  leftOut: 0,
  seed: 42,
  end: { kind: 'finished' },
  ...change,
});

function makeShelf(values = new Map<string, unknown>()) {
  const settings: SettingsStore = {
    get: (key) => Promise.resolve(values.get(key)),
    set: (key, value) => {
      values.set(key, structuredClone(value));
      return Promise.resolve();
    },
  };
  let number = 0;
  const kept = new KeptChats({ settings, createId: () => `chat-${++number}`, now: () => number });
  return { kept, values };
}

describe('KeptChats', () => {
  it('keeps what was answered, and goes on under the same name', async () => {
    const { kept, values } = makeShelf();
    const open = turn('c', { answer: '' });
    await kept.keep({ system: 's', turns: [turn('a'), open] });
    await kept.keep({ system: 's', turns: [turn('a'), turn('b')] });
    expect(kept.all.map(({ title, turns }) => [title, turns.length])).toEqual([['a', 2]]);
    const { kept: later } = makeShelf(values);
    await later.recall();
    expect(later.all).toEqual(kept.all);
    expect(later.currentId).toBeUndefined();
  });

  it('keeps nothing of a chat without an answer', async () => {
    const { kept, values } = makeShelf();
    await kept.keep({ system: '', turns: [turn('a', { answer: '' })] });
    expect(kept.all).toEqual([]);
    expect(values.size).toBe(0);
  });

  it('begins another one after it was left, and opens and deletes', async () => {
    const { kept } = makeShelf();
    await kept.keep({ system: '', turns: [turn('a')] });
    kept.leave();
    await kept.keep({ system: '', turns: [turn('b')] });
    expect(kept.all.map(({ title }) => title)).toEqual(['b', 'a']);
    const [, first] = kept.all;
    if (first === undefined) throw new Error('not kept');
    const restored: KeptChat[] = [];
    kept.open(first, { busy: false, restore: (each) => restored.push(each) });
    expect(restored).toEqual([first]);
    expect(kept.currentId).toBe(first.id);
    await kept.delete(first.id);
    expect(kept.all.map(({ title }) => title)).toEqual(['b']);
    expect(kept.currentId).toBeUndefined();
  });

  it('keeps no more than so many, and reads no junk', async () => {
    const { kept, values } = makeShelf();
    for (let at = 0; at <= MOST_CHATS; at++) {
      kept.leave();
      await kept.keep({ system: '', turns: [turn(`q${at}`)] });
    }
    expect(kept.all).toHaveLength(MOST_CHATS);
    expect(kept.all.at(-1)?.title).toBe('q1');
    values.set('chats', [{ id: 1 }, 'junk', null, ...kept.all.slice(0, 1)]);
    const { kept: later } = makeShelf(values);
    await later.recall();
    expect(later.all).toHaveLength(1);
  });
});

describe('makeTurnSet', () => {
  it('asks the question and expects the first line of the answer', () => {
    const set = makeTurnSet(
      turn('Why?', { answer: '\nBecause.\nReally.' }),
      ' Be brief. ',
      'From a chat',
      'en',
    );
    expect(set).toMatchObject({ title: 'From a chat', system: 'Be brief.' });
    expect(set.cases).toMatchObject([
      { prompt: 'Why?', graders: [{ type: 'icontains', value: 'Because.' }] },
    ]);
  });

  it('expects something where nothing was answered', () => {
    const [testCase] = makeTurnSet(turn('Why?', { answer: '' }), '', 'T', 'ru').cases;
    expect(testCase?.graders).toEqual([{ type: 'icontains', value: '?' }]);
  });
});
