import { dropEcho, readEnd } from '../../text/answer-text';
import { toAscii } from '../../text/digits';
import { BOX, flattenLatex, UNBOX } from '../../text/latex';
import { readAnswer } from '../../text/reasoning';
import { fold, simplify } from '../items';

const BOXES = new RegExp(`[${BOX}${UNBOX}]`, 'g');

/** Markup that a name in an option can have as well. */
function prepare(text: string): string {
  return simplify(
    flattenLatex(toAscii(text.replaceAll('\ufe0f', '')))
      .replace(BOXES, '')
      .replace(/`{1,3}([^`\n]{1,200})`{1,3}/g, '$1')
      .replace(/~~[^~\n]{1,200}~~/g, ' ')
      // Italics, not a product.
      .replace(/(?<![\p{L}\p{N}*])\*(?=[^\s*])([^*\n]{1,200})(?<=\S)\*(?![\p{L}\p{N}*])/gu, '$1'),
  );
}

export function foldOption(text: string): string {
  return fold(prepare(text));
}

/** An answer with one way to write each thing, without the sentences of the prompt but the options in it. */
export function prepareChoiceText(
  answer: string,
  prompt: string,
  isOption: (sentence: string) => boolean,
): string {
  return dropEcho(prepare(readEnd(readAnswer(answer))), prepare(prompt), isOption);
}
