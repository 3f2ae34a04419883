// Test texts for tokenizers: sentences of our own in many scripts, code, emoji, odd bytes, mixed by a seeded generator.

const SENTENCES = [
  'The quick brown fox jumps over the lazy dog, and it’s not even tired yet.',
  "I'll say that we've seen what they'd do; you're sure it's John's, isn't it? I'M SURE, THEY'LL COME.",
  'All wizards are people. Some people are tired. Is every wizard tired? Answer yes or no.',
  'Anna has 3 apples, gives away 2, then buys 1,234,567.89 more for $5.00 (−10 %).',
  'Все волшебники — люди, а некоторые люди устали; значит ли это, что устал каждый волшебник?',
  'Съешь же ещё этих мягких французских булок, да выпей чаю: 12 чашек, 345 ложек.',
  'Щедрый шеф-повар подъехал к Ёлкино в 17:45, объём багажа — 2½ м³.',
  'Чому ти не сказав їй, що ґава сидить на даху? Бо Ївга й так знає.',
  'Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich; Fuß, Maß, Übermut.',
  'Voilà : l’été, où êtes-vous ? Çà et là, un garçon naïf mange une crème brûlée.',
  '¿Dónde está el niño? ¡Mañana cumplirá años! El pingüino bebió agua.',
  'A lição não é fácil, mas o coração não se cansa de aprender às três.',
  'Perché così? Perché è già più là che qua, disse Niccolò.',
  'Zażółć gęślą jaźń, pchnąć w tę łódź jeża lub ośm skrzyń fig.',
  'Příliš žluťoučký kůň úpěl ďábelské ódy; řeřicha v Třebíči.',
  'Árvíztűrő tükörfúrógép és öt hűtőház őrült ködben.',
  'Işık çok güçlü; ığdır’da İstanbul’dan gelen şoför ağladı.',
  'Τα παιδιά της γειτονιάς ξέρουν ότι η αλήθεια είναι απλή· σωστά;',
  'כל הקוסמים הם אנשים, וחלק מהאנשים עייפים מאוד.',
  'كل السحرة بشر، وبعض البشر متعبون؛ فهل كل ساحر متعب؟ ١٢٣٤٥',
  'همهٔ جادوگران انسان‌اند و برخی از آن‌ها خسته‌اند. ۶۷۸۹',
  'सभी जादूगर मनुष्य हैं, कुछ मनुष्य थके हुए हैं। क्या हर जादूगर थका है? १२३',
  'সব জাদুকর মানুষ, কিছু মানুষ ক্লান্ত। ৪৫৬',
  'எல்லா மந்திரவாதிகளும் மனிதர்கள்; சிலர் களைப்பாக இருக்கிறார்கள்.',
  'ทุกคนที่เป็นพ่อมดเป็นมนุษย์ และมนุษย์บางคนก็เหนื่อย ๑๒๓',
  'ພໍ່ມົດທຸກຄົນແມ່ນຄົນ ແລະບາງຄົນກໍ່ເມື່ອຍ',
  'မှော်ဆရာအားလုံးသည် လူသားများဖြစ်ကြသည်။',
  'ყველა ჯადოქარი ადამიანია, ზოგი ადამიანი დაღლილია.',
  'Բոլոր կախարդները մարդիկ են, որոշ մարդիկ հոգնած են։',
  'ሁሉም ጠንቋዮች ሰዎች ናቸው፤ አንዳንድ ሰዎች ደክመዋል።',
  '所有的巫师都是人,有些人很累。那么每个巫师都累吗?第123回。',
  '所有的巫師都是人,有些人很累。請回答「是」或「否」。',
  'すべての魔法使いは人間です。疲れている人もいます。カタカナとひらがな、半角カナ、漢字。',
  '모든 마법사는 사람이고, 어떤 사람들은 피곤합니다. 그러면 모든 마법사가 피곤한가요?',
  'Tất cả phù thuỷ đều là người, một số người thì mệt mỏi. Đúng không?',
  'Wachawi wote ni watu, na baadhi ya watu wamechoka.',
  'Ĉiuj sorĉistoj estas homoj; ŝi laŭdas la ĵaŭdan ĥoron.',
  '𝕬𝖑𝖑 𝓌𝒾𝓏𝒶𝓇𝒹𝓈 ａｒｅ ｐｅｏｐｌｅ ①②③ Ⅳ ¼ ² ₃ ﬁ ﬂ ǅ',
  'x² + y² = r², ∑ᵢ aᵢ·bᵢ ≤ √(n), ∀ε>0 ∃δ: |f(x)−f(a)|<ε ⇒ α→β, ∂u/∂t = κ∇²u',
];

const CODE = [
  'function add(a, b) {\n\treturn a + b; // sum\n}\n',
  'def is_tired(wizard: Person) -> bool:\n    """Answer honestly."""\n    return wizard.energy < 10\n\n',
  'for (let i = 0; i < n; i++) {\n    if (x[i] !== null && y["key"] >= 0x1F) total += x[i] ** 2;\n}\r\n',
  '#include <stdio.h>\nint main(void) { printf("%d\\n", 42); return 0; }\n',
  'SELECT name, COUNT(*) FROM wizards WHERE tired = TRUE GROUP BY name HAVING COUNT(*) > 3;',
  '<div class="card" data-id=\'7\'><!-- note --><a href="https://example.org/?q=1&r=%20#top">go</a></div>',
  '{"id": 17, "tags": ["logic", "rubezh"], "ratio": -1.5e-10, "ok": null}',
  '    \t  indented\n\n\n\n        more\n\t\t\ttabs   \n',
  '| a | b |\n|---|---|\n| 1 | ~~2~~ |\n\n```js\nconst x = `t${y}`;\n```\n',
  '$ git commit -m "fix: don\'t panic" && echo $? > /dev/null 2>&1',
  '\\frac{a}{b} \\quad \\mathbb{R}^{n\\times m} $$ e^{i\\pi}+1=0 $$',
  '===== ----- ***** ..... !!!!! ????? ~~~~ //// \\\\\\\\ ###### @@@ <<<>>> <=> != :: -> => |> ^^ ++ --',
];

const EMOJI = [
  '👋🏽',
  '👩‍👩‍👧‍👦',
  '🏳️‍🌈',
  '🇺🇦',
  '🇯🇵',
  '🧙‍♂️',
  '😀😃😄',
  '❤️‍🔥',
  '✍🏿',
  '🤷🏻‍♀️',
  '1️⃣',
  '🫠',
  '🪿',
  '☃️',
  '🏴󠁧󠁢󠁳󠁣󠁴󠁿',
  '⌨️',
];

const ODD = [
  '\u0000',
  '\u0001\u0002',
  '\u001b[31mred\u001b[0m',
  '\u007f',
  '\u0080\u0085\u009f',
  '\ufeff',
  '\u200b',
  '\u200d',
  '\u200e\u202a\u202e',
  '\u00ad',
  '\u00a0',
  '\u3000',
  '\u2028\u2029',
  '\ufffd',
  '\ufffe\uffff',
  '\ue000',
  '\u{10ffff}',
  '\u{1f}\u{f0000}',
  'e\u0301\u0323',
  'Z\u0351\u036b\u0343a\u0329l\u0348g\u0334o\u0329',
  '\ud800',
  '\udc00x',
  'a\ud83d b',
  '\r',
  '\r\n\r\n',
  '\n',
  '\t',
  '\v\f',
  ' ',
  '  ',
  '   ',
  '    ',
  '                ',
  ' \n ',
  '\n \n',
  ' \t \t',
  '\u2581',
  '\u2581\u2581x',
  'Ġ',
  'Ċ',
  'ĠĠthe',
  '<0x0A>',
  '<0xFF>',
  '[EMPTY_3]',
];

const LOOKALIKES = [
  '<s>',
  '</s>',
  '<unk>',
  '<pad>',
  '[PAD]',
  '[INST]',
  '[/INST]',
  '<<SYS>>',
  '<</SYS>>',
  '<|endoftext|>',
  '<|im_start|>',
  '<|im_end|>',
  '<|im_start|>system\n',
  '<|im_end|>\n',
  '<|eot_id|>',
  '<|begin_of_text|>',
  '<|start_header_id|>user',
  '< s >',
  '<s',
  '</s',
  '<|im_',
  '|im_end|>',
  '<|im_start',
  '<<s>>',
  '<s></s><s>',
  '<repo_name>',
  '<file_sep>',
  '<extra_id_0>',
];

/** SplitMix32: small, seeded, the same everywhere (Steele, Lea, Flood 2014, with 32-bit constants). */
export function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}

function pick(random, items) {
  return items[Math.floor(random() * items.length)] ?? '';
}

function cut(random, text) {
  const points = Array.from(text);
  const start = Math.floor(random() * points.length);
  return points.slice(start, start + 1 + Math.floor(random() * 60)).join('');
}

function randomText(random) {
  const count = 1 + Math.floor(random() * 20);
  const ranges = [
    [0x20, 0x7e],
    [0x20, 0x7e],
    [0x00, 0x1f],
    [0xa0, 0x24f],
    [0x370, 0x52f],
    [0x590, 0x6ff],
    [0x900, 0x97f],
    [0xe00, 0xe7f],
    [0x2000, 0x206f],
    [0x2190, 0x22ff],
    [0x3040, 0x30ff],
    [0x4e00, 0x9fff],
    [0xac00, 0xd7a3],
    [0x1f300, 0x1f6ff],
    [0x20000, 0x2a6df],
  ];
  let text = '';
  for (let index = 0; index < count; index++) {
    const [low, high] = pick(random, ranges);
    text += String.fromCodePoint(low + Math.floor(random() * (high - low + 1)));
  }
  return text;
}

function mixedText(random) {
  const pools = [SENTENCES, SENTENCES, CODE, EMOJI, ODD, LOOKALIKES];
  const parts = 1 + Math.floor(random() * 5);
  let text = '';
  for (let index = 0; index < parts; index++) {
    const part = pick(random, pick(random, pools));
    text += random() < 0.6 ? cut(random, part) : part;
    text += pick(random, ['', ' ', ' ', '  ', '\n', '\n\n', "'s ", ', ', '1', '42 ', '...']);
  }
  return text;
}

/** `count` texts, the same for the same arguments: all samples as they are, long runs, then seeded mixtures. */
export function createTexts(count = 2000, seed = 20_261_122) {
  const random = createRandom(seed);
  const texts = [
    '',
    ...SENTENCES,
    ...CODE,
    ...EMOJI,
    ...ODD,
    ...LOOKALIKES,
    ' '.repeat(300),
    '\n'.repeat(77),
    '\t'.repeat(50),
    ' \n'.repeat(40),
    'a'.repeat(500),
    'ж'.repeat(200),
    '0'.repeat(129),
    '漢'.repeat(60),
    '👋🏽'.repeat(30),
    '!?'.repeat(90),
    'ab '.repeat(70),
    `${' '.repeat(63)}x${' '.repeat(64)}y`,
    SENTENCES.join('\n'),
  ];
  while (texts.length < count) texts.push(random() < 0.25 ? randomText(random) : mixedText(random));
  return texts.slice(0, count);
}

/** Three bytes of the FNV-1a hash of a list of ids: a fixture of 2,000 lists stays small. @param {readonly number[]} ids */
export function hashIds(ids) {
  let hash = 0x811c9dc5;
  for (const id of ids) {
    for (let shift = 0; shift < 24; shift += 8) hash = Math.imul(hash ^ ((id >>> shift) & 255), 0x01000193);
  }
  hash ^= hash >>> 24;
  return [hash & 255, (hash >>> 8) & 255, (hash >>> 16) & 255];
}
