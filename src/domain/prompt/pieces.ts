import { badInput } from '../fault';

/**
 * A prompt, in order. Only `template` text may become control tokens. `foreign` text was written by a person, a file or
 * a model: a `<|im_end|>` in it is six letters and some signs, never the end of a turn.
 */
export type PromptPiece =
  | { readonly kind: 'template'; readonly text: string }
  | { readonly kind: 'foreign'; readonly text: string }
  | { readonly kind: 'image' };
export type Prompt = readonly PromptPiece[];

/** A prompt of one text that no model or person has a part in. */
export const templatePrompt = (text: string): Prompt => (text === '' ? [] : [{ kind: 'template', text }]);

/** A prompt of one text that a person or a file wrote: no control token in it counts. */
export const foreignPrompt = (text: string): Prompt => (text === '' ? [] : [{ kind: 'foreign', text }]);

/** Stands for an image where a prompt is shown or given to an engine as text; as in llama.cpp's mtmd.h. */
export const IMAGE_MARKER = '<__media__>';

/** A prompt as one text: what people are shown, and what engines that take only text are given. */
export function promptText(prompt: Prompt): string {
  return prompt.map((piece) => (piece.kind === 'image' ? IMAGE_MARKER : piece.text)).join('');
}

/**
 * The texts before, between and after the images of a prompt.
 * @throws FaultError `bad-input` when the prompt has not exactly so many places for images
 */
export function splitAtImages(prompt: Prompt, imageCount: number): readonly string[] {
  const texts: string[] = [];
  let text = '';
  for (const piece of prompt) {
    if (piece.kind !== 'image') {
      text += piece.text;
      continue;
    }
    texts.push(text);
    text = '';
  }
  texts.push(text);
  if (texts.length !== imageCount + 1) {
    throw badInput('prompt', `it has ${texts.length - 1} places for ${imageCount} images`);
  }
  return texts;
}
