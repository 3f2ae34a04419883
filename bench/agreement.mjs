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
const BUNDLED = join(import.meta.dirname, '../static-models/smollm2-135m-instruct-q4_1');

const folder = mkdtempSync(join(tmpdir(), 'agreement-'));
const say = (line) => console.log(line);

function joinShards() {
  const shards = readdirSync(BUNDLED).filter((name) => name.endsWith('.bin'));
  const path = join(folder, 'model.gguf');
  writeFileSync(path, Buffer.concat(shards.sort().map((name) => readFileSync(join(BUNDLED, name)))));
  return path;
}

/** How much likelier our engine finds one token than another there, in nats. */
function margin({ rivals }, id, otherId) {
  const logprobOf = (wanted) => rivals.find((rival) => rival.id === wanted)?.logprob;
  const difference = logprobOf(id) - logprobOf(otherId);
  return Number.isNaN(difference) ? 'not among the ten likeliest' : difference.toFixed(3);
}

/** Up to the first difference all have the same text, so our logits tell the margin there for any two. */
function compare(a, b, ours) {
  const length = Math.min(a.length, b.length);
  for (let place = 0; place < length; place++) {
    const [left, right] = [a[place], b[place]];
    if (left.id === right.id) continue;
    const known = ours.slice(0, place).every(({ id }, index) => id === a[index].id);
    const gap = known && ours[place] ? margin(ours[place], left.id, right.id) : 'unknown';
    return {
      same: place,
      text: `${JSON.stringify(left.text)} / ${JSON.stringify(right.text)}, margin ${gap}`,
    };
  }
  return { same: length, text: a.length === b.length ? '' : `${a.length} / ${b.length} tokens` };
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
  say(`Chromium ${page.version}, ${PROMPTS.length} prompts, at most ${TOKENS} tokens, greedy`);
  for (const [index, prompt] of PROMPTS.entries()) {
    say(`\n${JSON.stringify(prompt)}`);
    say(`  ${JSON.stringify(answers.ours[index].map(({ text }) => text).join(''))}`);
    for (const [a, b] of names.length === 3
      ? [
          [0, 1],
          [0, 2],
          [1, 2],
        ]
      : [[0, 1]]) {
      const { same, text } = compare(answers[names[a]][index], answers[names[b]][index], answers.ours[index]);
      say(`  ${`${names[a]} / ${names[b]}`.padEnd(34)} same ${same}${text && `, then ${text}`}`);
    }
  }
} finally {
  await page.close();
  rmSync(folder, { recursive: true, force: true });
}
