import { badInput, FaultError } from '../fault';
import { readChatTemplate, type ChatTemplate } from '../jinja/render';
import type { PromptTemplate } from '../model/model';
import { findForeignText, hideText, IMAGE_MARK } from './foreign-text';
import { foreignPrompt, type Prompt } from './pieces';

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
  /** How many images stand before the content, one a line; none unless given. */
  readonly images?: number;
}

/** A template of a vision model that takes content only as a list of parts, each with its type. */
const TYPED_CONTENT = /\[['"]type['"]\]\s*==|\.type\s*==/;

/** Images are marks in the text: the engine puts the model's own in their place. */
function writeContent({ content, images = 0 }: Message, write: (text: string) => string): string {
  const marks = Array.from({ length: images }, () => IMAGE_MARK);
  return [...marks, write(content.replaceAll(IMAGE_MARK, '\ufffd'))].join('\n');
}

/**
 * Renders a conversation with the model's own chat template, ready for the model's next turn.
 * The one place where prompt text is made: every engine is given exactly this. A system text that the template has no
 * place for stands at the head of the first question.
 * @throws FaultError `bad-input` when the template cannot be read or refuses the conversation
 */
export function renderPrompt(template: PromptTemplate, messages: readonly Message[]): Prompt {
  const parsed = parseTemplate(template.source);
  const [first] = messages;
  const shown = first?.role === 'system' && !takesSystem(template) ? moveSystem(messages) : messages;
  const render = (write: (text: string) => string) => renderMessages(parsed, template, shown, write);
  return findForeignText(
    render((text) => text),
    () => render(hideText),
  );
}

/**
 * Whether a template has a place for a system text. Some refuse one (Gemma), others leave it out without a word.
 * @throws FaultError `bad-input` when the template cannot be read
 */
export function takesSystem(template: PromptTemplate): boolean {
  const parsed = parseTemplate(template.source);
  const system = hideText('system');
  try {
    const messages: readonly Message[] = [
      { role: 'system', content: system },
      { role: 'user', content: 'question' },
    ];
    return renderMessages(parsed, template, messages, (text) => text).includes(system);
  } catch {
    return false;
  }
}

/** The system text at the head of the first question. */
function moveSystem([system, ...messages]: readonly Message[]): readonly Message[] {
  const at = messages.findIndex(({ role }) => role === 'user');
  return messages.map((message, index) =>
    index === at ? { ...message, content: `${system?.content ?? ''}\n\n${message.content}` } : message,
  );
}

/** A run renders one template for every case. */
let read: { readonly source: string; readonly template: ChatTemplate } | undefined;

function parseTemplate(source: string): ChatTemplate {
  if (read?.source !== source) read = { source, template: explainRefusal(() => readChatTemplate(source)) };
  return read.template;
}

function renderMessages(
  parsed: ChatTemplate,
  template: PromptTemplate,
  messages: readonly Message[],
  write: (text: string) => string,
): string {
  const isTyped = TYPED_CONTENT.test(template.source);
  return explainRefusal(() =>
    parsed.render({
      messages: messages.map((message) => {
        const text = writeContent(message, write);
        return { role: message.role, content: isTyped ? [{ type: 'text', text }] : text };
      }),
      bos_token: template.bosToken,
      eos_token: template.eosToken,
      add_generation_prompt: true,
    }),
  );
}

function explainRefusal<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof FaultError && error.fault.kind === 'bad-input') {
      throw badInput('chat template', error.fault.detail.replace(/^TemplateError: /, ''));
    }
    throw error;
  }
}

/**
 * What the model sees of a test case: its conversation in the model's template, or its bare text where the case says so.
 * @throws FaultError `bad-input` as `renderPrompt` does
 */
export function renderCase(
  template: PromptTemplate,
  system: string | undefined,
  testCase: Parameters<typeof buildMessages>[1] & {
    readonly generation?: { readonly plain?: true | undefined } | undefined;
  },
): Prompt {
  const isPlain = testCase.generation?.plain === true && testCase.images === undefined;
  if (!isPlain) return renderPrompt(template, buildMessages(system, testCase));
  return foreignPrompt(system === undefined ? testCase.prompt : `${system}\n\n${testCase.prompt}`);
}

/**
 * The conversation of one test case: the set's system text, if any, what the case says was said before, then its images,
 * its prompt and its lettered choices.
 */
export function buildMessages(
  system: string | undefined,
  testCase: {
    readonly prompt: string;
    readonly turns?: readonly Message[] | undefined;
    readonly choices?: readonly string[] | undefined;
    readonly images?: readonly unknown[] | undefined;
  },
): readonly Message[] {
  const images = testCase.images?.length ?? 0;
  const choices = (testCase.choices ?? []).map(
    (choice, index) => `${String.fromCharCode(65 + index)}. ${choice}`,
  );
  const user: Message = {
    role: 'user',
    content: [testCase.prompt, ...choices].join('\n'),
    ...(images > 0 && { images }),
  };
  const { turns = [] } = testCase;
  const isOwn = turns[0]?.role === 'system';
  return system === undefined || isOwn
    ? [...turns, user]
    : [{ role: 'system', content: system }, ...turns, user];
}
