import * as v from 'valibot';
import { FaultError } from '../../fault';
import { readTransforms } from '../../graders/parts/transform';
import { findGrader } from '../../graders/registry';
import { parseWith } from '../../parse';
import type { GraderSpec } from '../../sets/test-set';
import { renderNunjucks } from '../../templates/nunjucks';
import { assertionSchema } from '../promptfoo-test';
import { cleanReference, extensionOf, type SourceFiles } from '../source-files';
import { readYaml } from '../yaml-text';
import { readModule, splitExport } from './module-code';
import type { Variables } from './prompt';

const WHAT = 'promptfoo';
type Assertion = v.InferOutput<typeof assertionSchema>;
/** A grader of ours that promptfoo was given in its own words. */
const ownSpecSchema = v.object({ config: v.object({ wizardbench: assertionSchema }) });
const FIELDS = new Set(['type', 'value', 'threshold', 'weight', 'metric', 'transform', 'assert']);
/** Schemas that may be written as YAML. */
const JSON_TYPES = /^(not-)?(is|contains)-json$/;
/** What is in another file cannot be graded: kept, and reported as not run. */
export const OTHER_FILE = 'other-file';

export interface AssertionContext {
  readonly variables: Variables;
  /** Code that makes of the answer what the test's assertions look at. */
  readonly transforms: readonly string[];
  /** Told of each field that has no place here. */
  readonly onUnused: (field: string) => void;
  readonly files: SourceFiles;
  /** Told of each file that was not given. */
  readonly onMissing: (file: string) => void;
}

/** An assertion as a grader of ours. @throws FaultError `bad-input` */
export function readAssertion(assertion: Assertion, context: AssertionContext): GraderSpec {
  const own = v.safeParse(ownSpecSchema, assertion);
  if (own.success) return own.output.config.wizardbench;
  const { type, value, assert: parts, transform, metric, ...rest } = assertion;
  const kept = findGrader(type) === undefined && type !== 'assert-set' ? rest : keepKnown(rest, context);
  const loaded = [...context.transforms, ...(transform === undefined ? [] : [transform])].map((code) =>
    isInFile(code) ? readCode(code, context.files) : code,
  );
  const given = loadValue(type, value, context.files);
  const file = [...loaded, given].flat().find((each) => each instanceof Unread)?.reference;
  if (file !== undefined) {
    if (context.files.find(file) === undefined && !/^package:/.test(file))
      context.onMissing(cleanReference(file));
    else context.onUnused(`${type}: ${file.slice(0, 80)}`);
    return { type: OTHER_FILE, value: { type, file } };
  }
  const transforms = loaded.filter((each) => !(each instanceof Unread));
  const { variables } = context;
  return {
    ...kept,
    type,
    ...(typeof metric === 'string' && { metric: renderNunjucks(metric, variables).slice(0, 60) }),
    ...(value !== undefined && (given === value ? renderValue(type, value, variables) : { value: given })),
    ...(type !== 'assert-set' && transforms.length > 0 && { transform: transforms }),
    ...(Array.isArray(parts) && {
      assert: parts.map((part) => readAssertion(parseWith(assertionSchema, part, WHAT), context)),
    }),
  };
}

function keepKnown(
  rest: Readonly<Record<string, unknown>>,
  { onUnused }: AssertionContext,
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(rest).filter(([name]) => {
    if (!FIELDS.has(name)) onUnused(`assert.${name}`);
    return FIELDS.has(name);
  });
  return Object.fromEntries(entries);
}

export function isInFile(value: unknown): value is string {
  return typeof value === 'string' && /^(file|package):/.test(value);
}

/** A part of an assertion in a file that was not given, or that cannot be used here. */
class Unread {
  constructor(readonly reference: string) {}
}

function readCode(reference: string, files: SourceFiles): string | Unread {
  const { path, name } = splitExport(reference);
  const file = files.find(path);
  const code = file === undefined ? undefined : readModule(file.path, file.text, name);
  return code ?? new Unread(reference);
}

/** What a value in a file says (promptfoo's `processFileReference`); the value itself where it is in none. */
function loadValue(type: string, value: unknown, files: SourceFiles): unknown {
  if (Array.isArray(value)) {
    return value.some(isInFile) ? value.map((each: unknown) => loadValue(type, each, files)) : value;
  }
  if (!isInFile(value)) return value;
  if (/^(?:not-)?javascript$/.test(type)) return readCode(value, files);
  const file = files.find(value);
  if (file === undefined) return new Unread(value);
  switch (extensionOf(file.path)) {
    case 'json':
    case 'yaml':
    case 'yml':
      return readYaml(file.text, file.path);
    case 'txt':
      return file.text.trim();
    default:
      return new Unread(value);
  }
}

function renderValue(type: string, value: unknown, variables: Variables): { readonly value?: unknown } {
  const render = (each: unknown) => (typeof each === 'string' ? renderNunjucks(each, variables) : each);
  const rendered = Array.isArray(value) ? value.map(render) : render(value);
  if (typeof rendered !== 'string' || !JSON_TYPES.test(type)) return { value: rendered };
  return rendered.trim() === '' ? {} : { value: readYaml(rendered, 'JSON schema') };
}

/** The types among `specs` that cannot run here, and why where it is not their type. */
export function listNotRun(specs: readonly GraderSpec[]): readonly string[] {
  return specs.flatMap((spec) => {
    if (spec.type === 'assert-set') return listNotRun(spec.assert ?? []);
    const found = findGrader(spec.type);
    if (found === undefined) return [spec.type];
    try {
      readTransforms(spec);
      found.grader.check(spec);
      return [];
    } catch (error) {
      if (!(error instanceof FaultError) || error.fault.kind !== 'bad-input') throw error;
      return [`${spec.type} (${error.fault.detail.slice(0, 100)})`];
    }
  });
}
