import { badInput, toFault, type Fault } from '../../domain/fault';
import type { GraderSpec } from '../../domain/sets/test-set';
import { findGraderFault } from './set-editor.svelte';

/** Graders that a form of one field can hold; every other is edited as JSON. */
export const SIMPLE_GRADERS = [
  'choice',
  'number',
  'equals',
  'icontains',
  'regex',
  'entailment',
  'ordering',
  'set',
  'multiple-choice',
  'self-consistency',
] as const;
export type SimpleGrader = (typeof SIMPLE_GRADERS)[number];

/** Whose expected value is a list, one item a line. */
const LISTS: readonly string[] = ['ordering', 'set'];

export function isListGrader(type: string): boolean {
  return LISTS.includes(type);
}

/** Whether a grader of this type expects nothing of its own. */
export function isBare(type: string): boolean {
  return type === 'self-consistency';
}

/** Whether the form of one field can show all of it. */
export function isSimple(spec: GraderSpec): boolean {
  const { type, value, ...others } = spec;
  const isShown = isListGrader(type)
    ? Array.isArray(value) && value.every((item) => typeof item === 'string')
    : isBare(type)
      ? value === undefined
      : typeof value === 'string' || typeof value === 'number';
  return SIMPLE_GRADERS.some((each) => each === type) && isShown && Object.keys(others).length === 0;
}

/** The expected value as the field shows it. */
export function writeExpected({ value }: GraderSpec): string {
  if (Array.isArray(value)) return value.map(String).join('\n');
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** The grader that type and text stand for. */
export function readExpected(type: string, text: string): GraderSpec {
  if (isBare(type)) return { type };
  if (isListGrader(type)) {
    const items = text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    return { type, value: items };
  }
  const isIndex = type === 'multiple-choice' && /^\d{1,2}$/.test(text.trim());
  const isNumber = type === 'number' && text.trim() !== '' && Number.isFinite(Number(text));
  return { type, value: isIndex || isNumber ? Number(text) : text };
}

/** A grader typed as JSON. @returns the fault of what is none */
export function readGraderJson(text: string): { readonly spec: GraderSpec } | { readonly fault: Fault } {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    return { fault: toFault(badInput('grader', error instanceof Error ? error.message : 'not JSON')) };
  }
  if (!isSpec(data)) return { fault: toFault(badInput('grader', 'expected an object with a type')) };
  const fault = findGraderFault(data);
  return fault === undefined ? { spec: data } : { fault };
}

function isSpec(data: unknown): data is GraderSpec {
  return typeof data === 'object' && data !== null && 'type' in data && typeof data.type === 'string';
}
