import { BOLD, type Place, textAfter, textBefore, UNBOLD } from './answer-text';

/** Where single letters stand as labels of options, and not as words or parts of names ("Vitamin C", "a B in math"). */

/** Letters that stand for Latin ones: lookalikes of the same key, and the first letters of other alphabets. */
const LOOKALIKES: ReadonlyMap<string, string> = new Map(
  [
    ['АВСЕНКМОРТХ', 'ABCEHKMOPTX'],
    ['ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ', 'ABEZHIKMNOPTYX'],
    // As a Russian, Greek, Arabic, Hebrew, Hindi, Korean, Japanese, Chinese or Thai text would label them.
    ['БГД', 'BDE'],
    ['ΓΔ', 'CD'],
    ['أبجد', 'ABCD'],
    ['אבגד', 'ABCD'],
    ['कखगघ', 'ABCD'],
    ['가나다라', 'ABCD'],
    ['アイウエ', 'ABCD'],
    ['甲乙丙丁', 'ABCD'],
    ['กขคง', 'ABCD'],
  ].flatMap(([letters = '', latin = '']) =>
    Array.from(letters).map((letter, at) => [letter, latin.charAt(at)]),
  ),
);

const MARKER_WORDS =
  '(?:answer|option|choice|letter|variant|ответ|вариант|буква|пункт|antwort|respuesta|réponse|resposta|risposta|opción|option|antwoord|odpowiedź|відповідь|jawaban|cevap|svar|svaret|答案|选项|正解|정답|उत्तर|الجواب|الإجابة|คำตอบ)(?!\\p{L})[\\s:=—-]{0,4}(?:is|это|будет|ist|es|est|é|è|是|は|은|هو|هي|है|คือ)?';
const AFTER_MARKER_WORD = new RegExp(String.raw`(?<!\p{L})${MARKER_WORDS}[\s:("'«\uE000-]*$`, 'iu');

/** After these words of several languages a letter is a label; after any other it is part of a name. */
const LICENSING = new Set(
  (
    "is are was be been being isn't aren't wasn't it its it's that that's this thus so therefore hence then than not nor but or and except only " +
    'either neither both between if because since while whereas unlike answer answers option options choice choices letter letters variant ' +
    'alternative pick picks picked picking choose chooses chose chosen choosing select selects selected selecting say says saying prefer ' +
    'among comparing compare consider considering ans favor favour think believe guess know conclude means meaning indicates suggests equals correct right wrong incorrect true false best ' +
    'final finally definitely probably likely clearly obviously certainly surely perhaps maybe possibly actually just simply statement ' +
    'statements conclusion result solution response decision verdict leaves leaving remains left mark marked circle circled eliminate ' +
    "eliminates eliminated eliminating exclude excluding excludes discard discarding reject out no yes ok okay i'd i'll still hmm wait sorry " +
    'mean meant rather instead also even ' +
    'correction это а но ответ ответом вариант варианты буква буквой пункт выбираю выбрал выбрала выбор верен правильный правильно верно и или не ни кроме ' +
    'значит итак тогда поэтому скорее думаю остается есть будет точно вероятно утверждение нет да ' +
    'ist sind lautet antwort wähle also nicht sondern und oder buchstabe es la las el le les est et ou réponse choisis donc lettre pas mais ' +
    'respuesta opción opcion elijo letra es y o no sino é è e ou resposta opção alternativa risposta opzione lettera is het antwoord keuze ' +
    "c'est s'est " +
    'to jest odpowiedź відповідь це cevap şık adalah jawaban jawabannya là án är svaret svar er on vastaus'
  ).split(' '),
);
const LICENSING_PHRASE =
  /(?<!\p{L})(?:(?:go|goes|going|went|stick|sticking|agree|start|align\p{L}*|correspond\p{L}*|stay|staying) with|(?:opt|opts|opting|go|goes|going|vote|voting|settle|argue\p{L}*|as) for|(?:settle|settled|decide|decided|land|landed|bet) on|arrived? at|(?:points?|pointing|leads?|leading|comes|boils|corresponds?|refers?|belongs?|matches|narrow\p{L}*|equal|leads us|down|amounts) to|the letter|é a|über|под буквой|à la)$/iu;
/** After a label that opens a sentence: "B is right", but not "B vitamins". */
const AFTER_LABEL =
  /^\s+(?:is|was|isn't|wasn't|are|and|or|nor|not|but|rather|instead|over|because|since|as|would|can|can't|cannot|could|couldn't|must|should|seems|looks|appears|fits|works|matches|makes|says|describes|gives|represents|correctly|wins|it|does|doesn't|remains|stays|has|only|alone|of course|true|false|correct|wrong|right|incorrect|yes|no|here|definitely|probably|clearly|и|или|не|это|потому|так|поскольку|верн\p{L}+|правильн\p{L}+|неверн\p{L}+|подходит|ist|est|es)(?!\p{L})/iu;
/** These are also words of their own. */
const WORDLIKE = /^[AIАВСКОУИЯ]$/u;
const JOINER =
  /^["'»)\uE001]*\s*(?:,|;|&|\/|,?\s*(?:and|or|nor|и|или|ни))\s*(?:(?:option|choice|the|also)\s+)?["'«(\uE000]*$/iu;

interface Letter {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Where single letters stand as labels; the keys of `letters` are in upper case. */
export function findLabels(text: string, letters: ReadonlyMap<string, number>): Place[] {
  if (letters.size === 0) return [];
  const places: Place[] = [];
  let previous: { readonly end: number; readonly accepted: boolean } | undefined;
  for (const match of text.matchAll(/(?<![\p{L}\p{M}\p{N}_]|\p{L}')\p{L}(?![\p{L}\p{M}\p{N}_]|'\p{L})/gu)) {
    const letter: Letter = { text: match[0], start: match.index, end: match.index + match[0].length };
    const upper = letter.text.toUpperCase();
    const latin = LOOKALIKES.get(upper);
    const option = letters.get(upper) ?? (latin === undefined ? undefined : letters.get(latin));
    const isLatin = letters.has(upper) || /[\p{Script=Cyrillic}\p{Script=Greek}]/u.test(upper);
    const link = previous === undefined ? undefined : text.slice(previous.end, letter.start);
    const isJoined = link !== undefined && link.length < 20 && letter.text === upper && JOINER.test(link);
    // "Of vitamins A and C, C is ..." begins anew.
    const isSubject = AFTER_LABEL.test(textAfter(text, letter.end)) && link?.startsWith(',') === true;
    const accepted =
      isJoined && !isSubject
        ? previous?.accepted === true && isCleanAround(text, letter)
        : isLabel(text, letter, isLatin);
    previous = { end: letter.end, accepted };
    if (accepted && option !== undefined) places.push({ option, start: letter.start, end: letter.end });
  }
  return places;
}

/** Not C++, °C, USB-C, C#, Q&A. */
function isCleanAround(text: string, { start, end }: Letter): boolean {
  return (
    !/^(?:[+#°]|[-/&.]\p{L}{2}|-\p{L}|\.\p{L})/u.test(textAfter(text, end, 4)) &&
    !/(?:[°@#&]|\p{L}[-.]|\p{N} ?|(?<!\p{L})(?:Mr|Mrs|Ms|Dr|Prof|St|Fig|Sec|Ch)\. )$/u.test(
      textBefore(text, start, 6),
    )
  );
}

function isLabel(text: string, letter: Letter, isLatin: boolean): boolean {
  if (!isCleanAround(text, letter)) return false;
  const before = textBefore(text, letter.start);
  const after = textAfter(text, letter.end);
  const isUpper = letter.text === letter.text.toUpperCase();
  const wordFollows = /^[^\S\n]+[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]/u.test(after);
  const isWord = wordFollows && !AFTER_LABEL.test(after);
  const opensLine = /(?:^|\n|[.!?;]\s)[\s>#("'«\uE000-]*$/u.test(before);
  const isBracketed = /[([{]\s*$/u.test(before) && /^\s*[)\]}]/u.test(after);
  if (isBracketed || (opensLine && /^[\s.!?:,"'»\uE001]*(?:\n|$)/u.test(after))) return true;
  if (/^\uE001?\)/u.test(after) && !/\([^)]*$/u.test(before)) return true;
  const isWordlike = WORDLIKE.test(letter.text);
  if (AFTER_MARKER_WORD.test(before) && (!isWord || (isUpper && isLatin && !isWordlike))) return true;
  if (before.endsWith('$') && after.startsWith('$')) return true;
  if (!isUpper || !isLatin) return before.endsWith(BOLD) && after.startsWith(UNBOLD);
  if (opensLine && /^\uE001?(?:[.:,]| [-–—] )/u.test(after)) return true;
  const license = findLicense(before);
  if (license === 'none') return false;
  if (!wordFollows) return /^(?:[\s.;!?)"'»\uE001,:—–*=→|(\p{So}\p{Sk}\ufe0f/-]|$)/u.test(after);
  return !isWord || (license === 'word' && !isWordlike);
}

/** `word`: a licensing word stands before it. `open`: nothing does. */
function findLicense(before: string): 'word' | 'open' | 'none' {
  const line = before.replace(/["'«“([{*|>\uE000 \t]+$/u, '');
  if (line === '' || /[.!?;,\n]$/u.test(line)) return 'open';
  const announced = /[\uE001"'*)\]]*\s*(?:[:=—–-]|[-=]>)$/u.exec(line);
  const rest = announced === null ? line : line.slice(0, announced.index);
  const word = /[\p{L}\p{M}'’]+$/u.exec(rest.replace(/[\uE001"'»)*]+$/u, ''))?.[0];
  if (word === undefined || (announced !== null && word.length === 1)) return 'open';
  if (!/^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{M}'’]+$/u.test(word)) return 'word';
  return LICENSING.has(word.toLowerCase()) || LICENSING_PHRASE.test(rest) ? 'word' : 'none';
}
