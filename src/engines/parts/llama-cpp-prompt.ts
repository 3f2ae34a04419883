import type { OpenFile } from '../../domain/engine/engine';
import type { Tokenizer } from '../../inference/index';

/** The tokenizer of a GGUF file, read by our library. Rejects as it does, such as for a tokenizer that it lacks. */
export async function readTokenizer(files: readonly OpenFile[]): Promise<Tokenizer> {
  const { blobSource, createTokenizer, parseGguf } = await import('../../inference/index');
  const { metadata } = await parseGguf(files.map(({ blob }) => blobSource(blob)));
  return createTokenizer(metadata);
}

/**
 * A prompt without the beginning of text that its template wrote, where llama.cpp puts one before every prompt: the
 * model would see two.
 */
export function dropWrittenBos(tokenizer: Tokenizer, prompt: string): string {
  const { bosId } = tokenizer;
  if (bosId === undefined || tokenizer.encode('', { addSpecial: true })[0] !== bosId) return prompt;
  const written = tokenizer.decode([bosId], { special: true });
  return written !== '' && prompt.startsWith(written) ? prompt.slice(written.length) : prompt;
}
