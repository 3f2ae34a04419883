import { badInput, toFault, type Fault } from '../../domain/fault';
import type { GraderForm } from '../../domain/graders/grader';
import { graderRegistry } from '../../domain/graders/registry';
import type { GraderSpec } from '../../domain/sets/test-set';
import { findGraderFault } from './set-editor.svelte';

/** Types of graders that a form of one field can hold; every other is edited as JSON. */
export const SIMPLE_GRADERS: readonly string[] = [...graderRegistry.values()]
  .filter(({ form }) => form !== undefined)
  .map(({ id }) => id);

/** What the field of a grader of this type holds; undefined where it has none. */
export function findForm(type: string): GraderForm | undefined {
  return graderRegistry.get(type)?.form;
}

/** Whether the form of one field can show all of it. */
export function isSimple({ type, value, ...others }: GraderSpec): boolean {
  return Object.keys(others).length === 0 && isShown(findForm(type), value);
}

function isShown(form: GraderForm | undefined, value: unknown): boolean {
  switch (form) {
    case undefined:
      return false;
    case 'none':
      return value === undefined;
    case 'list':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    default:
      return typeof value === 'string' || typeof value === 'number';
  }
}

/** The expected value as the field shows it. */
export function writeExpected({ value }: GraderSpec): string {
  if (Array.isArray(value)) return value.map(String).join('\n');
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** The grader that type and text stand for. */
export function readExpected(type: string, text: string): GraderSpec {
  switch (findForm(type)) {
    case 'none':
      return { type };
    case 'list': {
      const items = text
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '');
      return { type, value: items };
    }
    case 'place':
      return { type, value: /^\d{1,2}$/.test(text.trim()) ? Number(text) : text };
    case 'number':
      return { type, value: text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text };
    default:
      return { type, value: text };
  }
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
