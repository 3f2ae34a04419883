/** A text that was given beside others: its path as the folder, the archive or the person named it. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const MAX_PATTERN_CHARACTERS = 300;
/** More in one pattern would take long to match. */
const MAX_WILDCARDS = 8;

/**
 * The files that a configuration may refer to. A reference is a path from the configuration's own folder. A file that
 * was given without its folders stands for any of its name: people drop single files.
 */
export class SourceFiles {
  readonly #missing = new Set<string>();
  readonly #folder: readonly string[];
  readonly #files: readonly { readonly parts: readonly string[]; readonly file: SourceFile }[];

  /** @param main path of the configuration */
  constructor(files: readonly SourceFile[], main = '') {
    this.#folder = splitPath(main).slice(0, -1);
    this.#files = files.map((file) => ({ parts: splitPath(file.path), file }));
  }

  /** References that no file was given for. */
  get missing(): readonly string[] {
    return [...this.#missing];
  }

  /** What a reference names; undefined, and remembered as missing, where it was not given. */
  find(reference: string): SourceFile | undefined {
    const found = this.#findPath(this.#resolve(reference));
    if (found === undefined) this.#missing.add(cleanReference(reference));
    return found;
  }

  /** The files that a reference or a pattern (`*`, `**`, `?`, `{a,b}`) names, by path; none is remembered as missing. */
  match(reference: string): readonly SourceFile[] {
    if (!hasWildcard(reference)) {
      const file = this.find(reference);
      return file === undefined ? [] : [file];
    }
    const whole = this.#filter(this.#resolve(reference).join('/'), () => true);
    // Dropped without their folders.
    const isLoose = (parts: readonly string[]) => parts.length === 1;
    const found =
      whole.length > 0 ? whole : this.#filter(cleanReference(reference).split('/').at(-1) ?? '', isLoose);
    if (found.length === 0) this.#missing.add(cleanReference(reference));
    return found;
  }

  #filter(pattern: string, isMeant: (parts: readonly string[]) => boolean): readonly SourceFile[] {
    const compiled = compilePattern(pattern);
    if (compiled === undefined) return [];
    return this.#files
      .filter(({ parts }) => isMeant(parts) && compiled.test(parts.join('/')))
      .map(({ file }) => file)
      .sort((one, other) => (one.path < other.path ? -1 : 1));
  }

  #resolve(reference: string): readonly string[] {
    const clean = cleanReference(reference);
    return splitPath(clean.startsWith('/') ? clean : [...this.#folder, clean].join('/'));
  }

  #findPath(wanted: readonly string[]): SourceFile | undefined {
    const exact = this.#files.find(({ parts }) => isSame(parts, wanted));
    if (exact !== undefined) return exact.file;
    const endings = this.#files.filter(
      ({ parts }) =>
        isSame(parts, wanted.slice(-parts.length)) || isSame(parts.slice(-wanted.length), wanted),
    );
    const most = Math.max(...endings.map(({ parts }) => parts.length));
    const best = endings.filter(({ parts }) => parts.length === most);
    return best.length === 1 ? best[0]?.file : undefined;
  }
}

/** A path without its scheme, and without what of a script it names (`x.js:check`). */
export function cleanReference(reference: string): string {
  return reference
    .trim()
    .replace(/^file:\/\//, '')
    .replace(/(\.(?:[cm]?[jt]s|py|rb|go)):\w+$/, '$1')
    .replaceAll('\\', '/')
    .replace(/^(?:\.\/)+/, '');
}

/** The parts of a path; `.` and `..` are resolved, and nothing leads out of the top. */
export function splitPath(path: string): readonly string[] {
  const parts: string[] = [];
  for (const part of path.replaceAll('\\', '/').split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts;
}

/** The ending of a file's name in lower case, without its dot. */
export function extensionOf(path: string): string {
  return /\.([A-Za-z0-9]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
}

export function hasWildcard(reference: string): boolean {
  return /[*?{[]/.test(reference);
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length > 0 && one.length === other.length && one.every((part, index) => part === other[index]);
}

function compilePattern(pattern: string): RegExp | undefined {
  if (pattern.length > MAX_PATTERN_CHARACTERS) return undefined;
  if ((pattern.match(/[*?{[]/g) ?? []).length > MAX_WILDCARDS) return undefined;
  const source = pattern.replace(/\*\*\/?|\*|\?|\{[^{}]*\}|\[[^\]]*\]|[^*?{[]/g, (part) => {
    if (part === '**/') return '(?:[^/]+/)*';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.startsWith('{')) return `(?:${part.slice(1, -1).split(',').map(escapePattern).join('|')})`;
    if (part.startsWith('[') && part.length > 2) return `[${part.slice(1, -1).replace(/[\\\]^[]/g, '\\$&')}]`;
    return escapePattern(part);
  });
  try {
    return new RegExp(`^${source}$`);
  } catch {
    return undefined;
  }
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
