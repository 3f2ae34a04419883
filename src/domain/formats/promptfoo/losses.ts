import type { GraderSpec } from '../../sets/test-set';
import type { ImportNote } from '../format';
import { listNotRun } from './assertions';

/** What the import could not take over, and how many cases each thing touches. */
export class Losses {
  readonly #touched = new Map<string, number>();
  readonly #missing = new Map<string, number>();
  readonly #notRun = new Set<string>();
  #first: string | undefined;
  #counts = { skipped: 0, scripts: 0, bare: 0, notRun: 0 };

  /** Fields that one case would need. */
  addFields(fields: ReadonlySet<string>): void {
    for (const field of fields) this.addField(field, 1);
  }

  addField(field: string, cases: number): void {
    this.#touched.set(field, (this.#touched.get(field) ?? 0) + cases);
  }

  /** A file that was not given, and so many cases would need. */
  addMissing(file: string, cases: number): void {
    this.#missing.set(file, (this.#missing.get(file) ?? 0) + cases);
  }

  addGraders(graders: readonly GraderSpec[]): void {
    if (graders.length === 0) this.#counts.bare++;
    const all = graders.flatMap((spec) => [spec, ...(spec.assert ?? [])]);
    this.#counts.scripts += all.filter(
      (spec) => /^(not-)?javascript$/.test(spec.type) || spec['transform'] !== undefined,
    ).length;
    const notRun = listNotRun(graders);
    this.#counts.notRun += notRun.length;
    for (const type of notRun) this.#notRun.add(type);
  }

  skip(reason: string): void {
    this.#counts.skipped++;
    this.#first ??= reason;
  }

  list(): readonly ImportNote[] {
    const { skipped, scripts, bare, notRun } = this.#counts;
    return [
      { code: 'kept-not-run', count: notRun, detail: [...this.#notRun].slice(0, 8).join(', ') },
      { code: 'has-scripts', count: scripts },
      { code: 'no-assertion', count: bare },
      ...[...this.#missing].map(([detail, count]) => ({ code: 'missing-file' as const, count, detail })),
      ...[...this.#touched].map(([detail, count]) => ({ code: 'not-applied' as const, count, detail })),
      { code: 'skipped-rows', count: skipped, ...(this.#first !== undefined && { detail: this.#first }) },
    ];
  }
}
