import { extensionOf, type SourceFile } from '../formats/source-files';
import { detectFormat } from '../formats/registry';

/** Of one import. */
export const MAX_FILE_COUNT = 2_000;

/** Endings of what may hold a set, or a part of one. */
const READABLE = new Set(
  'json jsonl ndjson yaml yml csv tsv txt md markdown j2 jinja jinja2 js cjs mjs ts py rb text prompt'.split(
    ' ',
  ),
);
const SKIPPED_FOLDERS = new Set(['node_modules', '__pycache__', '__MACOSX', 'venv', 'dist', 'build']);

/** Whether a file of a folder or an archive can be part of a set, by its path. */
export function isReadable(path: string): boolean {
  const parts = path.split('/');
  const isHidden = parts.some((part) => part.startsWith('.') && part !== '.' && part !== '..');
  if (isHidden || parts.slice(0, -1).some((part) => SKIPPED_FOLDERS.has(part))) return false;
  const name = parts.at(-1) ?? '';
  return READABLE.has(extensionOf(name)) || /_default_yaml$|_yaml$/.test(name);
}

/** Formats whose file says what is in others. */
const CONFIGURATIONS = new Set(['promptfoo', 'lm-eval', 'wizardbench']);

/**
 * Which of several files is the set: a configuration that no other names, else a table.
 * @returns paths to choose from; one where there is no doubt, none where none is a set
 */
export function findMain(files: readonly SourceFile[]): readonly string[] {
  if (files.length === 1) return files.map(({ path }) => path);
  const known = files.flatMap((file) => {
    const format = detectFormat(file.text, file.path);
    return format === undefined
      ? []
      : [{ file, isConfiguration: CONFIGURATIONS.has(format.id) && isWhole(file, format.id) }];
  });
  const configurations = known.filter(({ isConfiguration }) => isConfiguration).map(({ file }) => file);
  const candidates = configurations.length > 0 ? configurations : known.map(({ file }) => file);
  const free = candidates.filter(
    ({ path }) => !candidates.some((other) => other.path !== path && other.text.includes(nameOf(path))),
  );
  const left = free.length > 0 ? free : candidates;
  const usual = left.filter(({ path }) => /^promptfooconfig\.(?:ya?ml|json)$/.test(nameOf(path)));
  const depths = usual.map(({ path }) => path.split('/').length);
  const highest = usual.filter((_file, index) => depths[index] === Math.min(...depths));
  return (highest.length === 1 ? highest : left).map(({ path }) => path);
}

/** A list of promptfoo's tests is part of a configuration. */
function isWhole({ text, path }: SourceFile, formatId: string): boolean {
  if (formatId !== 'promptfoo') return true;
  return (
    !/^(?:csv|tsv|jsonl|ndjson)$/.test(extensionOf(path)) &&
    /(?:^|[{,])\s*"?(?:prompts|tests|scenarios|providers)"?\s*:/m.test(text)
  );
}

function nameOf(path: string): string {
  return path.split('/').at(-1) ?? path;
}
