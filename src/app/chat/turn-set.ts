import { parseTestSet, type TestSet } from '../../domain/sets/test-set';
import type { ChatTurn } from './chat.svelte';

/** An answer longer than this is no expectation that another answer could contain. */
const EXPECTED_LENGTH = 200;

/**
 * A turn of a chat as a set of one question; what is expected is the first line of the answer, for the person to correct.
 * @param title of the set @param language BCP 47 @throws FaultError `bad-input`
 */
export function makeTurnSet(
  { question, answer, images }: Pick<ChatTurn, 'question' | 'answer' | 'images'>,
  system: string,
  title: string,
  language: string,
): TestSet {
  const [line = ''] = answer.trim().split('\n');
  return parseTestSet({
    id: 'chat',
    title,
    language,
    licence: 'CC0-1.0',
    ...(system.trim() !== '' && { system: system.trim() }),
    cases: [
      {
        id: 'chat-1',
        prompt: question,
        ...(images.length > 0 && { images: [...images] }),
        graders: [{ type: 'icontains', value: line.slice(0, EXPECTED_LENGTH) || '?' }],
        tags: [],
      },
    ],
  });
}
