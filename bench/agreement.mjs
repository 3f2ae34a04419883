// Whether the same weights give the same greedy text everywhere: llama.cpp on WebGPU, llama.cpp on the CPU and our
// engine, 8 prompts, 32 tokens. A first difference is shown with how much likelier each side found its own token.
// Usage: node bench/agreement.mjs [FILE.gguf]   (default: the bundled model)
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBenchPage } from './browser.mjs';

const TOKENS = 32;
const CONTEXT = 512;
const PROMPTS = [
  'The capital of France is',
  'Monday, Tuesday, Wednesday,',
  'Water boils at a temperature of',
  'def fibonacci(n):\n',
  'If all cats are animals and Tom is a cat, then',
  'Once upon a time there was a wizard who',
  '<|im_start|>user\nWhat is 2 + 2?<|im_end|>\n<|im_start|>assistant\n',
  'Столица России — город',
];
/** Of the three, by number. */
const PAIRS = [
  [0, 1],
  [0, 2],
  [1, 2],
];
const BUNDLED = join(import.meta.dirname, '../static-models/smollm2-135m-instruct-q4_1');

const folder = mkdtempSync(join(tmpdir(), 'agreement-'));
const say = (line) => console.log(line);

function joinShards() {
  const shards = readdirSync(BUNDLED).filter((name) => name.endsWith('.bin'));
  const path = join(folder, 'model.gguf');
  writeFileSync(path, Buffer.concat(shards.sort().map((name) => readFileSync(join(BUNDLED, name)))));
  return path;
}

/**
 * Where two texts part, and how much likelier our engine finds one continuation than the other there, in nats. Up to
 * there all have the same text, so its logits hold for any two.
 */
function compare(a, b, ours) {
  let at = 0;
  while (at < Math.min(a.length, b.length) && a[at] === b[at]) at++;
  if (a === b) return 'same';
  let start = 0;
  for (const { text, rivals } of ours) {
    if (start + text.length <= at) {
      start += text.length;
      continue;
    }
    const logprobOf = (whole) => {
      const fitting = rivals.filter((rival) => rival.text !== '' && whole.startsWith(rival.text, start));
      return Math.max(...fitting.map(({ logprob }) => logprob));
    };
    const gap = Math.abs(logprobOf(a) - logprobOf(b));
    const parts = [a, b].map((whole) => JSON.stringify(whole.slice(start, start + 12)));
    return `part at character ${at}: ${parts.join(' / ')}, margin ${Number.isFinite(gap) ? gap.toFixed(3) : 'beyond the ten likeliest'}`;
  }
  return `part at character ${at}: one is longer`;
}

const page = await openBenchPage(['--enable-unsafe-webgpu']);
try {
  await page.pick(process.argv[2] ?? joinShards());
  const ask = (side, options) =>
    page.page.evaluate(
      async ([name, how, prompts, tokens]) => {
        const engine = window.bench[name];
        await engine.open(how);
        const answers = [];
        if (how.gpuLayers > 0 && !engine.onGpu()) return undefined;
        for (const prompt of prompts) answers.push(await engine.answer(prompt, tokens));
        await engine.close();
        return answers;
      },
      [side, options, PROMPTS, TOKENS],
    );
  const answers = {
    ours: await ask('ours', { threads: 2, contextTokens: CONTEXT }),
    'llama.cpp CPU': await ask('theirs', { threads: 2, contextTokens: CONTEXT }),
  };
  const onGpu = await ask('theirs', { threads: 1, contextTokens: CONTEXT, gpuLayers: 999 });
  if (onGpu) answers['llama.cpp WebGPU'] = onGpu;
  else say('llama.cpp WebGPU: no graphics device here that it can use (it needs shader-f16)');
  const names = Object.keys(answers);
  const text = names.map((name) =>
    answers[name].map((answer) =>
      typeof answer === 'string' ? answer : answer.map((each) => each.text).join(''),
    ),
  );
  say(`Chromium ${page.version}, ${PROMPTS.length} prompts, at most ${TOKENS} tokens, greedy`);
  for (const [index, prompt] of PROMPTS.entries()) {
    say(`\n${JSON.stringify(prompt)}`);
    say(`  ${JSON.stringify(text[0][index])}`);
    for (const [a, b] of PAIRS.filter((pair) => pair.every((each) => each < names.length))) {
      const verdict = compare(text[a][index], text[b][index], answers.ours[index]);
      say(`  ${`${names[a]} / ${names[b]}`.padEnd(36)} ${verdict}`);
    }
  }
} finally {
  await page.close();
  rmSync(folder, { recursive: true, force: true });
}
