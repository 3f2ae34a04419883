import { Template } from '@huggingface/jinja';
import { badInput } from '../fault';
import type { PromptTemplate } from '../model/model';

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** A template of a vision model that takes content only as a list of parts, each with its type. */
const TYPED_CONTENT = /\[['"]type['"]\]\s*==|\.type\s*==/;

/** The image markers are text like the rest: the engine puts the model's own in their place. */
const typeContent = ({ role, content }: Message) => ({ role, content: [{ type: 'text', text: content }] });

/**
 * Renders a conversation with the model's own chat template, ready for the model's next turn.
 * The one place where prompt text is made: every engine is given exactly this.
 * @throws FaultError `bad-input` when the template cannot be read or refuses the conversation
 */
export function renderPrompt(template: PromptTemplate, messages: readonly Message[]): string {
  try {
    return new Template(template.source).render({
      messages: TYPED_CONTENT.test(template.source) ? messages.map(typeContent) : messages,
      bos_token: template.bosToken,
      eos_token: template.eosToken,
      add_generation_prompt: true,
    });
  } catch (error) {
    throw badInput('chat template', error instanceof Error ? error.message : String(error));
  }
}

/** Stands for an image in a prompt; as in llama.cpp's multimodal library (mtmd.h), which puts the model's own there. */
export const IMAGE_MARKER = '<__media__>';

/**
 * The texts before, between and after the images of a prompt.
 * @throws FaultError `bad-input` when the prompt has not exactly so many places for images
 */
export function splitAtImages(prompt: string, imageCount: number): readonly string[] {
  const texts = prompt.split(IMAGE_MARKER);
  if (texts.length !== imageCount + 1) {
    throw badInput('prompt', `it has ${texts.length - 1} places for ${imageCount} images`);
  }
  return texts;
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
  const images = (testCase.images ?? []).map(() => IMAGE_MARKER);
  const choices = (testCase.choices ?? []).map(
    (choice, index) => `${String.fromCharCode(65 + index)}. ${choice}`,
  );
  const user: Message = { role: 'user', content: [...images, testCase.prompt, ...choices].join('\n') };
  const { turns = [] } = testCase;
  const isOwn = turns[0]?.role === 'system';
  return system === undefined || isOwn
    ? [...turns, user]
    : [{ role: 'system', content: system }, ...turns, user];
}
