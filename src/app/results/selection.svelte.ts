/** The runs that are ticked to be compared. */
export class Selection {
  #ids = $state.raw<readonly string[]>([]);

  has(id: string): boolean {
    return this.#ids.includes(id);
  }

  set(id: string, chosen: boolean): void {
    this.#ids = [...this.#ids.filter((each) => each !== id), ...(chosen ? [id] : [])];
  }

  clear(): void {
    this.#ids = [];
  }

  /** The chosen ones that are still listed, oldest first: what is new is compared with what was there before. */
  among(newestFirst: readonly string[]): readonly string[] {
    return newestFirst.filter((id) => this.has(id)).reverse();
  }
}
