import { InferenceError } from '../errors';

/** Positions of a page; `PAGE` of structs.wgsl. */
export const PAGE_TOKENS = 32;

/** A page whose contents must be copied before its sequence writes into it. */
export interface PageCopy {
  readonly from: number;
  readonly to: number;
}

/**
 * Which pages of the KV cache each sequence has. A page may belong to several sequences as long as none writes into it.
 */
export class KvPages {
  /** For each sequence a row of `pagesEach` page numbers: what the kernels read. */
  readonly table: Uint32Array<ArrayBuffer>;
  readonly #held: number[][];
  readonly #owners: Uint32Array;
  readonly #free: number[];

  constructor(
    readonly sequences: number,
    readonly pagesEach: number,
    pages: number,
  ) {
    this.table = new Uint32Array(sequences * pagesEach);
    this.#held = Array.from({ length: sequences }, () => []);
    this.#owners = new Uint32Array(pages);
    // The lowest numbers are given first.
    this.#free = Array.from({ length: pages }, (_, index) => pages - 1 - index);
  }

  /**
   * Gives a sequence pages for positions up to `end` and makes those from `from` on its own. Throws `out-of-memory` when
   * no page is left, and then nothing has changed.
   */
  reserve(
    sequence: number,
    from: number,
    end: number,
  ): { readonly isChanged: boolean; readonly copies: readonly PageCopy[] } {
    const held = this.#heldBy(sequence);
    const wanted = Math.ceil(end / PAGE_TOKENS);
    const first = Math.floor(from / PAGE_TOKENS);
    const shared = held.slice(first, wanted).filter((page) => (this.#owners[page] ?? 0) > 1).length;
    if (shared + wanted - held.length > this.#free.length) {
      throw new InferenceError('out-of-memory', 'the KV cache has no page left');
    }
    const copies: PageCopy[] = [];
    let isChanged = false;
    for (let index = first; index < wanted; index++) {
      const page = held[index];
      if (page !== undefined && this.#owners[page] === 1) continue;
      const own = this.#take();
      // What lies before `from` in a shared page is kept.
      if (page !== undefined) {
        if (from > index * PAGE_TOKENS) copies.push({ from: page, to: own });
        this.#drop(page);
      }
      held[index] = own;
      this.table[sequence * this.pagesEach + index] = own;
      isChanged = true;
    }
    return { isChanged, copies };
  }

  /** Gives back the pages that hold nothing before `length`. */
  truncate(sequence: number, length: number): void {
    const held = this.#heldBy(sequence);
    for (const page of held.splice(Math.ceil(length / PAGE_TOKENS))) this.#drop(page);
  }

  /** Makes `to` begin with the first `length` positions of `from`. The last page is shared too, until one writes. */
  share(from: number, to: number, length: number): void {
    const pages = this.#heldBy(from).slice(0, Math.ceil(length / PAGE_TOKENS));
    if (pages.length * PAGE_TOKENS < length) {
      throw new InferenceError('bad-input', `sequence ${from} does not hold ${length} positions`);
    }
    if (from === to) {
      this.truncate(from, length);
      return;
    }
    for (const page of pages) this.#owners[page] = (this.#owners[page] ?? 0) + 1;
    this.truncate(to, 0);
    this.#heldBy(to).push(...pages);
    this.table.set(pages, to * this.pagesEach);
  }

  /** Pages that no sequence has. */
  get freePages(): number {
    return this.#free.length;
  }

  #heldBy(sequence: number): number[] {
    const held = this.#held[sequence];
    if (!held) throw new InferenceError('unsupported', `sequence ${sequence}: there are ${this.sequences}`);
    return held;
  }

  #take(): number {
    const page = this.#free.pop();
    if (page === undefined) throw new RangeError('no page left');
    this.#owners[page] = 1;
    return page;
  }

  #drop(page: number): void {
    const owners = (this.#owners[page] ?? 0) - 1;
    this.#owners[page] = owners;
    if (owners === 0) this.#free.push(page);
  }
}
