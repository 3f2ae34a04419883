import { describe, expect, it } from 'vitest';
import { buildGeneratedSet } from '../../domain/generators/generated-set';
import { parseTestSet } from '../../domain/sets/test-set';
import { GeneratorDraft } from './generator-draft.svelte';

describe('GeneratorDraft', () => {
  it('begins in the language of the page, with every family to choose from', () => {
    const draft = new GeneratorDraft('ru');
    expect(draft.spec.language).toBe('ru');
    const families = draft.listFamilies('en');
    expect(families.map(({ id }) => id)).toContain(draft.spec.generator);
    for (const { id } of families) {
      draft.change({ generator: id });
      expect(draft.preview).toHaveLength(3);
    }
  });

  it('reads a link and gives the same one', () => {
    const draft = new GeneratorDraft('en');
    draft.readLink('zebra.3.en.7.100');
    expect(draft.link).toBe('zebra.3.en.7.100');
    expect(draft.build()).toEqual(buildGeneratedSet(draft.spec));
    draft.readLink('zebra.9.en.7.100');
    expect(draft.fault).toMatchObject({ kind: 'bad-input' });
    expect(draft.link).toBe('zebra.3.en.7.100');
  });

  it('keeps within bounds, and says so', () => {
    const draft = new GeneratorDraft('en');
    draft.change({ n: 5_000 });
    expect(draft.fault).toMatchObject({ kind: 'bad-input' });
    expect(draft.spec.n).toBe(20);
    draft.change({ n: 2 });
    expect(draft.fault).toBeUndefined();
    expect(draft.preview).toHaveLength(2);
  });

  it('previews the first items of the set', () => {
    const draft = new GeneratorDraft('en');
    expect(draft.build().cases.slice(0, 3)).toEqual(draft.preview);
  });

  it('adds variants in groups, and a link to the whole', () => {
    const draft = new GeneratorDraft('en');
    draft.change({ generator: 'ordering', n: 2 });
    draft.toggleKind('premise-order');
    draft.toggleKind('negation');
    draft.toggleKind('negation');
    const set = draft.build();
    expect(parseTestSet(set)).toEqual(set);
    expect(set.id).toBe('gen-ordering-1-2-2-en-p');
    expect(draft.link).toBe('ordering.2.en.1.2.p');
    const other = new GeneratorDraft('en');
    other.readLink(draft.link);
    expect(other.kinds).toEqual(['premise-order']);
    expect(other.build()).toEqual(set);
    // Whatever the order they were asked for in.
    for (const kind of ['negation', 'option-order'] as const) draft.toggleKind(kind);
    expect(draft.link).toBe('ordering.2.en.1.2.opn');
    for (const kind of draft.kinds) draft.toggleKind(kind);
    expect(draft.link).toBe('ordering.2.en.1.2');
    expect(set.cases.map(({ id, group }) => [id, group])).toEqual([
      ['ordering-1', 'ordering-1'],
      ['ordering-1-premise-order', 'ordering-1'],
      ['ordering-2', 'ordering-2'],
      ['ordering-2-premise-order', 'ordering-2'],
    ]);
  });
});
