import { Template } from '@huggingface/jinja';
import { badInput } from './fault';
import type { PromptTemplate } from './model';

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/**
 * Renders a conversation with the model's own chat template, ready for the model's next turn.
 * The one place where prompt text is made: every engine is given exactly this.
 * @throws FaultError `bad-input` when the template cannot be read or refuses the conversation
 */
export function renderPrompt(template: PromptTemplate, messages: readonly Message[]): string {
  try {
    return new Template(template.source).render({
      messages,
      bos_token: template.bosToken,
      eos_token: template.eosToken,
      add_generation_prompt: true,
    });
  } catch (error) {
    throw badInput('chat template', error instanceof Error ? error.message : String(error));
  }
}

/** The conversation of one test case: the set's system text, if any, then the case's prompt and its lettered choices. */
export function buildMessages(
  system: string | undefined,
  testCase: { readonly prompt: string; readonly choices?: readonly string[] | undefined },
): readonly Message[] {
  const choices = (testCase.choices ?? []).map(
    (choice, index) => `${String.fromCharCode(65 + index)}. ${choice}`,
  );
  const user: Message = { role: 'user', content: [testCase.prompt, ...choices].join('\n') };
  return system === undefined ? [user] : [{ role: 'system', content: system }, user];
}
