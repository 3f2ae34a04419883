import { badInput } from '../../fault';
import { MissingFiles } from '../format';
import { MAX_CASES, TooManyRows } from '../limits';
import type { PromptfooTest } from '../promptfoo-test';
import { cleanReference, extensionOf, hasWildcard, type SourceFiles } from '../source-files';
import { readYaml } from '../yaml-text';
import { isInFile } from './assertions';
import type { Variables } from './prompt';

const WHAT = 'promptfoo';
/** Endings of files whose text promptfoo does not put into a prompt. */
const NO_TEXT =
  /^(?:[cm]?[jt]s|py|rb|pdf|png|jpe?g|gif|webp|bmp|svg|tiff?|ico|avif|heic|heif|mp[34]|wav|ogg|m4a|aac|flac|opus|webm|mov|avi|mkv)$/;

/**
 * A variable that is a list of texts stands for a test with each of them; a list of anything else is one value
 * (promptfoo's `generateVarCombinations`).
 */
export function expandLists(test: PromptfooTest, files: SourceFiles): readonly Variables[] {
  const { vars = {}, options } = test;
  if (options?.['disableVarExpansion'] === true) return [vars];
  let combinations: Record<string, unknown>[] = [{}];
  for (const [name, value] of Object.entries(vars)) {
    const values = listValues(value, files);
    if (combinations.length * values.length > MAX_CASES) throw new TooManyRows(WHAT, MAX_CASES + 1);
    combinations = combinations.flatMap((each) => values.map((one) => ({ ...each, [name]: one })));
  }
  return combinations;
}

/** A pattern of files stands for a test with each of them. */
function listValues(value: unknown, files: SourceFiles): readonly unknown[] {
  if (typeof value === 'string' && value.startsWith('file://') && hasWildcard(value)) {
    const found = files.match(value);
    return found.length === 0 ? [value] : found.map(({ path }) => `file:///${path}`);
  }
  return Array.isArray(value) && typeof value[0] === 'string' ? value : [value];
}

/**
 * Variables with what their files hold (promptfoo's `renderPrompt`): YAML as JSON, any other text as it is.
 * @throws FaultError `bad-input` for a file that is code or no text; `MissingFiles`
 */
export function loadVariables(variables: Variables, files: SourceFiles): Variables {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => {
      if (!isInFile(value)) return [name, value];
      const extension = extensionOf(value);
      if (NO_TEXT.test(extension) || value.startsWith('package:')) {
        throw badInput(WHAT, `the variable ${name} is in a file that is no text (${value.slice(0, 80)})`);
      }
      const file = files.find(value);
      if (file === undefined) throw new MissingFiles(WHAT, [cleanReference(value)]);
      const isYaml = extension === 'yaml' || extension === 'yml';
      return [name, isYaml ? JSON.stringify(readYaml(file.text, file.path)) : file.text.trim()];
    }),
  );
}
