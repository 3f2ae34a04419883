import * as v from 'valibot';
import { stringify } from 'yaml';
import { badInput } from '../fault';
import { MissingFiles } from '../formats/format';
import { extensionOf, SourceFiles, type SourceFile } from '../formats/source-files';
import { readYaml } from '../formats/yaml-text';

const WHAT = 'lm-eval task';
/** Files that include each other. */
const MAX_INCLUDES = 20;
const names = v.union([v.string(), v.array(v.string())]);
const taskSchema = v.looseObject({
  include: v.nullish(names),
  test_split: v.nullish(v.string()),
  validation_split: v.nullish(v.string()),
  dataset_kwargs: v.nullish(
    v.looseObject({ data_files: v.nullish(v.union([names, v.record(v.string(), names)])) }),
  ),
});

/**
 * A task of lm-eval with the files that it includes put into it; its own fields win.
 * @throws FaultError `bad-input`; `MissingFiles`
 */
export function includeFiles(text: string, name: string, given: readonly SourceFile[]): string {
  if (!/^["']?include["']?\s*:/m.test(text)) return text;
  let left = MAX_INCLUDES;
  const merge = (file: SourceFile): Readonly<Record<string, unknown>> => {
    if (--left < 0) throw badInput(WHAT, 'its files include each other');
    const parsed = v.safeParse(taskSchema, readYaml(file.text, file.path, { takesLast: true }));
    if (!parsed.success) throw badInput(WHAT, `${file.path} is no part of a task`);
    const { include, ...own } = parsed.output;
    if (include === undefined || include === null) return own;
    const files = new SourceFiles(given, file.path);
    const found = [include].flat().map((each) => files.find(each));
    if (files.missing.length > 0) throw new MissingFiles(WHAT, files.missing);
    return Object.assign(
      {},
      ...found.flatMap((each) => (each === undefined ? [] : [merge(each)])),
      own,
    ) as Readonly<Record<string, unknown>>;
  };
  return stringify(merge({ path: name, text }), { lineWidth: 0 });
}

interface TaskRows {
  /** What is asked. */
  readonly rows?: SourceFile;
  /** What its examples are drawn from, where that is another part. */
  readonly examples?: SourceFile;
}

/**
 * The files with the rows of a task: those that it names for the parts of its data set. A file of examples can also have the
 * name of its part in its own; what is asked is then the only table that is left.
 * @param part that examples are drawn from, where that is not the part that is asked
 */
export function findTaskRows(
  text: string,
  name: string,
  given: readonly SourceFile[],
  part: string | undefined,
): TaskRows {
  const parsed = v.safeParse(taskSchema, readYaml(text, WHAT, { takesLast: true }));
  const { dataset_kwargs: kwargs, test_split, validation_split } = parsed.success ? parsed.output : {};
  const listed = kwargs?.data_files;
  const findNamed = (split: string) => {
    const isForAll =
      typeof listed === 'string' || Array.isArray(listed) || listed === undefined || listed === null;
    const [reference] = [(isForAll ? listed : listed[split]) ?? []].flat();
    return reference === undefined ? undefined : new SourceFiles(given, name).find(reference);
  };
  const tables = given.filter(
    ({ path }) => path !== name && /^(?:jsonl?|ndjson|csv|tsv)$/.test(extensionOf(path)),
  );
  const asked = findNamed(test_split ?? validation_split ?? 'train');
  const called = tables.filter(
    ({ path }) => path !== asked?.path && part !== undefined && path.includes(part),
  );
  const listedPart = part === undefined ? undefined : findNamed(part);
  const isOther = listedPart !== undefined && listedPart.path !== asked?.path;
  const examples = isOther ? listedPart : called.length === 1 && tables.length > 1 ? called[0] : undefined;
  const left = tables.filter(({ path }) => path !== examples?.path);
  const rows = asked ?? (left.length === 1 ? left[0] : undefined);
  return { ...(rows !== undefined && { rows }), ...(examples !== undefined && { examples }) };
}
