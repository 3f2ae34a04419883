import { stringify } from 'yaml';
import type { GraderSpec, Case, TestSet } from '../../sets/test-set';
import { toId } from '../format';
import { writeAsScript } from '../promptfoo-script';

/** The variable that an exported set's one prompt consists of. */
export const OWN_VARIABLE = 'wizardbench_prompt';

export function writeConfig(testSet: TestSet) {
  const { cases, title, description, language, licence, source, system } = testSet;
  const config = {
    description: title,
    metadata: { wizardbench: { title, description, language, licence, source, system } },
    prompts: [`{{ ${OWN_VARIABLE} }}`],
    tests: cases.map((testCase) => writeTest(testCase)),
  };
  const header =
    '# Fill in `providers` and run: npx promptfoo eval\n' +
    '# Code with `config: wizardbench` reads answers more simply than the page does; the page reads that config.\n';
  return {
    name: `${toId(testSet.id)}.promptfoo.yaml`,
    mediaType: 'application/yaml',
    text: header + stringify(JSON.parse(JSON.stringify(config)), { lineWidth: 0 }),
  };
}

function writeTest(testCase: Case) {
  const { id, prompt, turns, choices, graders, threshold, variables, tags, group, explanation } = testCase;
  return {
    description: id,
    // promptfoo takes a list for a test with each of its texts, which none of ours is.
    ...(Object.values(variables ?? {}).some(Array.isArray) && { options: { disableVarExpansion: true } }),
    vars: { ...variables, [OWN_VARIABLE]: escapeValue(writeMessages(prompt, turns)) },
    assert: graders.map((spec) => escapeSpec(spec, testCase)),
    ...(threshold !== undefined && { threshold }),
    metadata: { id, tags, group, explanation, choices },
  };
}

/** A chat as promptfoo takes one. */
function writeMessages(prompt: string, turns: Case['turns']): string {
  return turns === undefined ? prompt : JSON.stringify([...turns, { role: 'user', content: prompt }]);
}

/** Text of ours is no template: what looks like one is kept from being rendered. */
function escapeSpec(spec: GraderSpec, testCase: Case): unknown {
  const { value, assert: parts, ...rest } = writeAsScript(spec, testCase) ?? spec;
  return {
    ...rest,
    ...(value !== undefined && { value: escapeValue(value) }),
    ...(parts !== undefined && { assert: parts.map((part) => escapeSpec(part, testCase)) }),
  };
}

function escapeValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => escapeValue(each));
  return typeof value === 'string' ? value.replace(/\{[{%#]|#\}/g, (open) => `{{ "${open}" }}`) : value;
}
