import type { Prompt } from '../../domain/prompt/pieces';
import type { TextPart } from '../../inference/index';

/** A prompt without images as our library takes it: only the template's own text may hold control tokens. */
export function promptParts(prompt: Prompt): readonly TextPart[] {
  return prompt.flatMap((piece) =>
    piece.kind === 'image' ? [] : [{ text: piece.text, special: piece.kind === 'template' }],
  );
}
