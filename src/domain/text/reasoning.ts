/**
 * What a model writes around its answer: the reasoning before it, and the next question that it asks itself. Each is found
 * in one pass over the text.
 */

/** Marks that models are trained to put around their reasoning: Qwen3 and DeepSeek-R1, Magistral, Kimi, Sky-T1, Gemma. */
const BLOCKS = [
  { opening: /\s*<(think|thinking|thought)>/iy, closing: /<\/(?:think|thinking|thought)>/gi },
  { opening: /\s*\[THINK\]/iy, closing: /\[\/THINK\]/gi },
  { opening: /\s*◁think▷/y, closing: /◁\/think▷/g },
  { opening: /\s*<\|begin_of_thought\|>/y, closing: /<\|end_of_thought\|>/g },
  { opening: /\s*<\|channel>thought/y, closing: /<channel\|>/g },
];
const ANY_OPENING =
  /<(?:think|thinking|thought)>|\[THINK\]|◁think▷|<\|begin_of_thought\|>|<\|channel>thought/i;
const ANY_CLOSING = /<\/(?:think|thinking|thought)>|\[\/THINK\]|◁\/think▷|<\|end_of_thought\|>|<channel\|>/gi;

/**
 * The answer without the reasoning that opens it, and the blank lines after that. A block that is not closed was cut
 * short, so it leaves no answer. Some templates open the block in the prompt: then all up to a closing mark is reasoning.
 * Blocks further on are part of the answer.
 */
export function stripReasoning(answer: string): string {
  const final = readFinalChannel(answer);
  if (final !== undefined) return final;
  let start = skipBlock(answer, 0);
  if (start === undefined) return skipUnopened(answer);
  for (;;) {
    const next: number | undefined = skipBlock(answer, start);
    if (next === undefined) return answer.slice(start).trimStart();
    start = next;
  }
}

/** Where the block that stands at `from` ends; undefined where none does. */
function skipBlock(text: string, from: number): number | undefined {
  for (const { opening, closing } of BLOCKS) {
    opening.lastIndex = from;
    const opened = opening.exec(text);
    if (opened === null) continue;
    closing.lastIndex = from + opened[0].length;
    const closed = closing.exec(text);
    return closed === null ? text.length : closed.index + closed[0].length;
  }
  return undefined;
}

function skipUnopened(text: string): string {
  const opened = text.search(ANY_OPENING);
  const last = [...(opened === -1 ? text : text.slice(0, opened)).matchAll(ANY_CLOSING)].at(-1);
  return last === undefined ? text : text.slice(last.index + last[0].length).trimStart();
}

const FINAL_CHANNEL = /<\|channel\|>\s*final\b[^<]{0,40}(?:<\|constrain\|>[^<]{0,40})?<\|message\|>/g;
const CHANNEL_END = /<\|(?:end|return|call|start|channel)\|>/;
/** What stays of the channels' marks where a tokenizer leaves control tokens out. */
const BARE_FINAL = 'assistantfinal';

/** gpt-oss writes in channels: only the last `final` one is the answer. Undefined for text without channels. */
function readFinalChannel(answer: string): string | undefined {
  if (answer.includes('<|channel|>')) {
    const final = [...answer.matchAll(FINAL_CHANNEL)].at(-1);
    if (final === undefined) return '';
    const text = answer.slice(final.index + final[0].length);
    const end = text.search(CHANNEL_END);
    return (end === -1 ? text : text.slice(0, end)).trimStart();
  }
  if (!/^\s*analysis\S/.test(answer)) return undefined;
  const at = answer.lastIndexOf(BARE_FINAL);
  if (at !== -1) return answer.slice(at + BARE_FINAL.length).trimStart();
  return /^\s*analysis\p{Lu}/u.test(answer) ? '' : undefined;
}

const INNER_BLOCK =
  /<(think|thinking|thoughts?|reasoning|reason|reflection|scratchpad|analysis|rationale|explanation|steps?|work)>|\[(THINK)\]/gi;

/** Without blocks of reasoning anywhere, for graders that read prose; these know more names for them. */
function dropInnerBlocks(text: string): string {
  const lower = text.toLowerCase();
  const kept: string[] = [];
  const unclosed = new Set<string>();
  let from = 0;
  for (const match of lower.matchAll(INNER_BLOCK)) {
    if (match.index < from) continue;
    const [opening, tag, bracketed] = match;
    const closing = tag === undefined ? `[/${bracketed ?? ''}]` : `</${tag}>`;
    if (unclosed.has(closing)) continue;
    const end = lower.indexOf(closing, match.index + opening.length);
    if (end === -1) {
      unclosed.add(closing);
      continue;
    }
    kept.push(text.slice(from, match.index));
    from = end + closing.length;
  }
  return from === 0 ? text : `${kept.join('\n')}\n${text.slice(from)}`;
}

const NEXT_QUESTION = new RegExp(
  [
    String.raw`\n[ \t]{0,20}[#>*_]{0,5}[ \t]{0,20}(?:(?:next|new|another)[ \t])?(?:question|problem|exercise|q|human|user|instruction|вопрос|задача|пользователь|pregunta|frage|问题|問題|题目|질문|문제|سؤال|प्रश्न)[ \t]?[#№]?\d{0,4}[ \t*_]{0,8}[:：]`,
    String.raw`\n[ \t]{0,20}#{2,4} (?:instruction|question|user|human)\b`,
    String.raw`<\|(?:im_start|im_end|start_header_id|eot_id|user|end|endoftext|end_of_text)\|>|<start_of_turn>|<end_of_turn>|\[INST\]|</s>`,
  ].join('|'),
  'giu',
);

/** A model that was not stopped goes on with a question of its own; what follows is no answer to ours. */
function cutNextQuestion(text: string): string {
  for (const match of text.matchAll(NEXT_QUESTION)) {
    const before = text.slice(0, match.index);
    if (/[\p{L}\p{N}]/u.test(before)) return before;
  }
  return text;
}

/**
 * The answer as graders of prose read it: up to a next question of the model's own, without reasoning, and with
 * `<answer>` and the like as a line "answer: ...".
 */
export function readAnswer(answer: string): string {
  return cutNextQuestion(dropInnerBlocks(stripReasoning(answer)))
    .replace(/[<[](?:final[_ -]?)?(?:answer|result|final)[>\]][ \t]{0,8}\n?/gi, '\nanswer: ')
    .replace(/[<[]\/(?:final[_ -]?)?(?:answer|result|final)[>\]]/gi, '\n')
    .replace(/<\/?(?:b|strong)>/gi, '**')
    .replace(/<sup>(-?\d{1,4})<\/sup>/gi, '^$1')
    .replace(
      /<\/?(?:p|br|div|span|i|em|u|li|ul|ol|code|pre|center|font|h[1-6])(?:\s[^<>\n]{0,200})?\/?>/gi,
      '\n',
    )
    .replace(/<(-?[\d.,]{1,30})>/g, '$1');
}
