import * as v from 'valibot';
import { badInput } from '../../fault';
import type { Turn } from '../../sets/test-set';
import { renderNunjucks } from '../../templates/nunjucks';
import { readYaml } from '../yaml-text';

const WHAT = 'promptfoo';
/** As often as promptfoo looks again for variables within variables. */
const RESOLVING_ROUNDS = 5;
const MAX_CHARACTERS = 200_000;

export type Variables = Readonly<Record<string, unknown>>;

/**
 * The variables of a test as its assertions see them: less the line break at the end of each, and with those that are
 * named within others in place (`resolveVariables` of promptfoo's `evaluatorHelpers`).
 * @throws FaultError `bad-input`
 */
export function resolveVariables(variables: Variables): Variables {
  const resolved: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(variables)) {
    resolved[name] = typeof value === 'string' ? value.replace(/\n$/, '') : value;
  }
  for (let round = 0; round < RESOLVING_ROUNDS; round++) {
    let isChanged = false;
    for (const [name, value] of Object.entries(resolved)) {
      const found = typeof value === 'string' ? /\{\{\s{0,100}(\w+)\s{0,100}\}\}/.exec(value) : null;
      const other = found?.[1] === undefined ? undefined : resolved[found[1]];
      if (typeof value !== 'string' || found === null || other === undefined) continue;
      // As promptfoo does it, `$&` in a variable included.
      const text = value.replace(found[0], renderNunjucks('{{ other }}', { other }));
      if (text.length > MAX_CHARACTERS) throw badInput(WHAT, 'variables within variables grow too long');
      resolved[name] = text;
      isChanged = true;
    }
    if (!isChanged) break;
  }
  return resolved;
}

/** The text that promptfoo sends (its `renderPrompt`). @throws FaultError `bad-input` */
export function renderPromptText(prompt: string, variables: Variables, env: Variables): string {
  const globals = { env, ...variables };
  const parsed = parseJson(prompt);
  if (parsed !== undefined) {
    try {
      return JSON.stringify(renderWithin(parsed.value, globals), null, 2);
    } catch {
      // Then the whole is a template, as below.
    }
  }
  const rendered: Record<string, unknown> = { env };
  for (const [name, value] of Object.entries(variables)) {
    rendered[name] =
      typeof value !== 'string' || namesUnknownVariables(value, variables)
        ? value
        : renderNunjucks(wrapPartial(value), globals);
  }
  return renderNunjucks(wrapPartial(prompt), rendered);
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** Texts within JSON are templates, each for itself: so what a variable holds is escaped. */
function renderWithin(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') return renderNunjucks(value, variables);
  if (Array.isArray(value)) return value.map((each: unknown) => renderWithin(each, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]: [string, unknown]) => [name, renderWithin(each, variables)]),
  );
}

/** A text that opens a tag and does not close it in its line is no template. */
function wrapPartial(text: string): string {
  const isPartial = text.split('\n').some((line) =>
    [
      ['{%', '%'],
      ['{{', '}'],
      ['{#', '#'],
    ].some(([open = '', close = '']) => {
      const at = line.lastIndexOf(open);
      return at !== -1 && !line.includes(close, at + open.length);
    }),
  );
  const isRaw = /\{%\s*raw\s*%\}/.test(text) && /\{%\s*endraw\s*%\}/.test(text);
  return isPartial && !isRaw ? `{% raw %}${text}{% endraw %}` : text;
}

/** promptfoo leaves a variable alone that names one which is not there (`extractVariablesFromTemplate`). */
function namesUnknownVariables(text: string, variables: Variables): boolean {
  if (!text.includes('{')) return false;
  if (text.length > 50_000) throw badInput(WHAT, 'a variable that is a template is too long');
  const bare = text.replace(/\{#[\s\S]*?#\}/g, '');
  const named = new Set<string>();
  const pattern = /\{\{\s*([^{}\s|]+)\s*(?:\|[^}]+)?\}\}|\{%\s*(?:if|for)\s+([^{}\s]+)\s*.*?%\}/g;
  for (const [, inOutput, inTag] of bare.matchAll(pattern)) named.add(inOutput ?? inTag ?? '');
  for (const [, item = '', list = ''] of bare.matchAll(/\{%\s*for\s+(\w+)\s+in\s+(\w+)\s*%\}/g)) {
    named.delete(item);
    named.add(list);
  }
  return [...named].some((name) => {
    const root = /^[A-Za-z_]\w*/.exec(name)?.[0];
    return root !== undefined && root !== 'env' && variables[root] === undefined;
  });
}

const partSchema = v.looseObject({ type: v.literal('text'), text: v.string() });
const messagesSchema = v.pipe(
  v.array(
    v.looseObject({
      role: v.picklist(['system', 'developer', 'user', 'assistant']),
      content: v.union([v.string(), v.pipe(v.array(partSchema), v.minLength(1))]),
    }),
  ),
  v.minLength(1),
);

/** What is asked: a text, after what was said before it. */
export interface AskedPrompt {
  readonly prompt: string;
  readonly turns?: readonly Turn[];
}

/**
 * A prompt that is a list of messages, as JSON or as YAML, is a chat (promptfoo's `parseChatPrompt`); any other is what
 * it says.
 * @throws FaultError `bad-input` for a chat that cannot be asked
 */
export function readChat(text: string): AskedPrompt {
  const trimmed = text.trim();
  const isYaml = trimmed.startsWith('- role:');
  const data: unknown = isYaml ? readYaml(text, WHAT) : parseJson(trimmed)?.value;
  if (!isYaml && !(Array.isArray(data) && data.every(hasRole) && data.length > 0)) return { prompt: text };
  const parsed = v.safeParse(messagesSchema, data);
  if (!parsed.success)
    throw badInput(WHAT, 'a message of the chat has a role or parts that cannot be asked here');
  const turns = parsed.output.map(({ role, content }) => ({
    role: role === 'developer' ? ('system' as const) : role,
    content: typeof content === 'string' ? content : content.map((part) => part.text).join('\n'),
  }));
  const last = turns.pop();
  if (last?.role !== 'user') throw badInput(WHAT, 'the chat does not end with a question');
  return { prompt: last.content, ...(turns.length > 0 && { turns }) };
}

function hasRole(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'role' in message && 'content' in message;
}
