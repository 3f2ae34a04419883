// A small SentencePiece-like vocabulary (BPE with scores and byte fallback), trained the way LLaMA's was: digits apart,
// no pieces across spaces, runs of spaces allowed. For fixtures and synthetic models; no real vocabulary is copied.

const SPACE = '\u2581';
/** llama.cpp reads tokens as C strings, and a lone surrogate is no UTF-8. */
const UNWRITABLE = /[\0\p{Surrogate}]/u;

function splitWords(text) {
  return text.replaceAll(' ', SPACE).match(/\u2581+(?!\u2581)|\u2581?[^\u2581\s\d]+|\u2581?\d|\s/gu) ?? [];
}

function countPairs(words) {
  const counts = new Map();
  for (const { symbols, count } of words) {
    for (let index = 1; index < symbols.length; index++) {
      const pair = `${symbols[index - 1]}\n${symbols[index]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  }
  return counts;
}

/** Pieces in the order in which they were learned, most useful first; ties by code unit, so runs agree. */
function learnMerges(texts, wanted) {
  const frequencies = new Map();
  for (const text of texts) {
    for (const word of splitWords(` ${text}`)) frequencies.set(word, (frequencies.get(word) ?? 0) + 1);
  }
  const words = [...frequencies].map(([word, count]) => ({ symbols: Array.from(word), count }));
  const characters = new Map();
  for (const { symbols, count } of words) {
    for (const symbol of symbols) characters.set(symbol, (characters.get(symbol) ?? 0) + count);
  }
  const pieces = [];
  while (pieces.length < wanted) {
    let best;
    let bestCount = 1;
    for (const [pair, count] of countPairs(words)) {
      if (count > bestCount || (count === bestCount && best !== undefined && pair < best)) {
        best = pair;
        bestCount = count;
      }
    }
    if (best === undefined) break;
    const [left, right] = best.split('\n');
    pieces.push(left + right);
    for (const word of words) {
      const { symbols } = word;
      for (let index = 1; index < symbols.length; index++) {
        if (symbols[index - 1] === left && symbols[index] === right)
          symbols.splice(index - 1, 2, left + right);
      }
    }
  }
  const letters = [...characters]
    .filter(([, count]) => count > 1)
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return { pieces: [...new Set(pieces)], letters: letters.map(([letter]) => letter) };
}

/** The vocabulary as GGUF entries: `<unk> <s> </s>`, 256 bytes, learned pieces, letters, user-defined tokens. */
export function trainSpm(texts, pieceCount, userDefined = []) {
  const { pieces, letters } = learnMerges(texts, pieceCount);
  const tokens = ['<unk>', '<s>', '</s>'];
  const scores = [0, 0, 0];
  const types = [2, 3, 3];
  const add = (text, score, type) => {
    tokens.push(text);
    scores.push(score);
    types.push(type);
  };
  for (let byte = 0; byte < 256; byte++) add(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, 0, 6);
  const learned = [
    ...pieces,
    ...letters.filter((letter) => !pieces.includes(letter) && letter.trim() !== ''),
  ];
  const taken = new Set([...tokens, ...userDefined]);
  for (const [index, piece] of learned.entries())
    if (!taken.has(piece) && !UNWRITABLE.test(piece)) add(piece, -index, 1);
  for (const text of userDefined) add(text, 0, 4);
  return { tokens, scores, types };
}

/** GGUF metadata entries of a SentencePiece vocabulary. */
export function spmEntries({ tokens, scores, types }) {
  return [
    { key: 'tokenizer.ggml.model', type: 'str', value: 'llama' },
    { key: 'tokenizer.ggml.pre', type: 'str', value: 'default' },
    { key: 'tokenizer.ggml.tokens', array: 'str', value: tokens },
    { key: 'tokenizer.ggml.scores', array: 'f32', value: scores },
    { key: 'tokenizer.ggml.token_type', array: 'i32', value: types },
    { key: 'tokenizer.ggml.bos_token_id', type: 'u32', value: 1 },
    { key: 'tokenizer.ggml.eos_token_id', type: 'u32', value: 2 },
    { key: 'tokenizer.ggml.unknown_token_id', type: 'u32', value: 0 },
  ];
}
