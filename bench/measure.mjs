// One model on three engines, in alternating rounds, so that all see the same state of the machine.
import { generateNative, loadNativeModel, openNativeContext, rates, tokenizeNative } from './native.mjs';
import { readGguf } from './read-gguf.mjs';
import { best, median, shareOfRoof, workOf } from './report.mjs';

const WARM_UP_TOKENS = 8;

/**
 * Token rates of ours, wllama and native for a model.
 * @param options `promptTokens`, `maxTokens`, `wllamaTokens` (fewer of both), `threads`, `contextTokens`, `rounds`,
 *   `roundsMs` (no round begins later), `engines`, `say`
 */
export async function measureModel({ bench, native, withoutAmx, path, text, options }) {
  const { promptTokens, maxTokens, threads, contextTokens, say } = options;
  const engines = [...options.engines, ...(withoutAmx ? ['nativeWithoutAmx'] : [])];
  const { page } = bench;
  await bench.pick(path);
  const result = { rounds: [] };
  result.readMs = await page.evaluate(() => window.bench.readOnce());
  const model = await loadNativeModel(native, path);
  const nativeOptions = { contextTokens, threads, flashAttention: 'auto' };
  const context = await openNativeContext(native, model, nativeOptions);
  await withoutAmx?.open(path, nativeOptions);

  // Each round its own beginning, or a prompt cache would answer instead of the engine.
  const promptOf = (round) => {
    const ids = tokenizeNative(model, `Round ${round + 1}. ${text}`).slice(0, promptTokens);
    return { ids, text: model.detokenize(Uint32Array.from(ids), false) };
  };

  if (engines.includes('ours')) {
    const opened = await page.evaluate((o) => window.bench.ours.open(o), { threads, contextTokens });
    result.loadMs = opened.loadMs;
    result.info = opened.info;
    say(
      `  ours loaded in ${(opened.loadMs / 1000).toFixed(2)} s (reading once: ${(result.readMs / 1000).toFixed(2)} s)`,
    );
  }
  if (engines.includes('wllama')) {
    const opened = await page.evaluate((o) => window.bench.theirs.open(o), { threads, contextTokens });
    result.wllamaLoadMs = opened.loadMs;
    say(`  wllama loaded in ${(opened.loadMs / 1000).toFixed(2)} s, ${opened.threads} threads`);
  }
  // Once before it counts: the browser still compiles, and files are still being read.
  const few = promptOf(-1).ids.slice(0, WARM_UP_TOKENS);
  if (engines.includes('ours'))
    await page.evaluate(([i, n]) => window.bench.ours.generate(i, n), [few, WARM_UP_TOKENS]);
  await generateNative(context, few, WARM_UP_TOKENS);
  await withoutAmx?.generate(few, WARM_UP_TOKENS);
  const deadline = performance.now() + (options.roundsMs ?? Infinity);
  for (let round = 0; round < options.rounds; round++) {
    // On a busy machine fewer rounds, rather than a run that nobody waits for.
    if (round > 0 && performance.now() > deadline) break;
    const { ids, text: prompt } = promptOf(round);
    const figures = {};
    if (engines.includes('ours')) {
      const times = await page.evaluate(([i, n]) => window.bench.ours.generate(i, n), [ids, maxTokens]);
      figures.ours = rates({ ...times, promptTokens: ids.length });
    }
    if (engines.includes('native')) figures.native = await generateNative(context, ids, maxTokens);
    if (withoutAmx) figures.nativeWithoutAmx = await withoutAmx.generate(ids, maxTokens);
    if (engines.includes('wllama')) {
      const { wllamaTokens = [promptTokens, maxTokens] } = options;
      const shorter =
        promptTokens === wllamaTokens[0]
          ? prompt
          : model.detokenize(Uint32Array.from(ids.slice(0, wllamaTokens[0])), false);
      figures.wllama = rates(
        await page.evaluate(([p, n]) => window.bench.theirs.generate(p, n), [shorter, wllamaTokens[1]]),
      );
    }
    result.rounds.push(figures);
    const show = ([name, { prefill, decode }]) => `${name} ${prefill.toFixed(1)}/${decode.toFixed(1)}`;
    say(`  round ${round + 1}: ${Object.entries(figures).map(show).join('  ')}  (prefill/decode tokens/s)`);
  }
  for (const engine of engines) {
    result[engine] = {
      prefill: best(result.rounds, engine, 'prefill'),
      decode: best(result.rounds, engine, 'decode'),
      medianPrefill: median(result.rounds.map((round) => round[engine].prefill)),
      medianDecode: median(result.rounds.map((round) => round[engine].decode)),
    };
  }
  await withoutAmx?.close();
  await page.evaluate(() => window.bench.theirs.close());
  if (engines.includes('ours')) result.roof = await measureRoof({ page, path, threads, result, say });
  if (options.teacher) result.agreement = await measureAgreement({ page, native, model, options });
  await page.evaluate(() => window.bench.ours.close());
  await context.dispose();
  await model.dispose();
  return result;
}

/** The device's limits with the kernel that reads the prompt, and how near the model's rates come to them. */
async function measureRoof({ page, path, threads, result, say }) {
  const { tensors } = await readGguf(path);
  const work = workOf(tensors);
  const kernel = result.info.backend.kernels[work.mainType]?.prefill;
  const roofline = await page.evaluate((o) => window.bench.roofline(o), { threads, kernel });
  const roof = { ...roofline, ...work, ...shareOfRoof(result.ours, work, roofline) };
  say(
    `  roof: ${(roof.dotOpsPerSecond / 1e9).toFixed(0)} GOPS of ${roof.kernel}, ${(roof.readBytesPerSecond / 1e9).toFixed(1)} GB/s read; ` +
      `prefill reaches ${(100 * roof.prefillShare).toFixed(0)} %, decode ${(100 * roof.decodeShare).toFixed(0)} %`,
  );
  return roof;
}

/** What `measureModel` says of agreement, for a model that is not timed. */
export async function measureOnlyAgreement({ bench, native, path, options }) {
  const { page } = bench;
  await bench.pick(path);
  const model = await loadNativeModel(native, path);
  const opened = { threads: options.threads, contextTokens: options.teacher.ids.length };
  await page.evaluate((o) => window.bench.ours.open(o), opened);
  const agreement = await measureAgreement({ page, native, model, options });
  await page.evaluate(() => window.bench.ours.close());
  await model.dispose();
  return agreement;
}

/**
 * Share of positions of a text at which ours and native predict the same next token. Native runs with an F32 cache and
 * without flash attention, its most exact setting. Rounding alone makes llama.cpp differ from itself, hence also how far
 * either is from the same weights as 32-bit floats (from the fixture).
 */
async function measureAgreement({ page, native, model, options }) {
  const { say } = options;
  const { ids, exact } = options.teacher;
  const context = await openNativeContext(native, model, {
    contextTokens: ids.length,
    threads: options.threads,
    f32Cache: true,
  });
  const tops = [];
  for (const index of await context.decode(ids, Array.from(ids.keys())))
    tops.push(await context.top(index, 2));
  await context.dispose();
  const ours = await page.evaluate((i) => window.bench.ours.predictEach(i), ids);
  const misses = ours.flatMap((id, position) => {
    const [first, second] = tops[position];
    return id === first.id ? [] : [{ position, gap: Number((first.logit - second.logit).toFixed(4)) }];
  });
  const share = (predicted) =>
    exact ? exact.filter((id, position) => id === predicted[position]).length / exact.length : null;
  const result = {
    agreement: 1 - misses.length / ids.length,
    oursVsExact: share(ours),
    nativeVsExact: share(tops.map(([first]) => first.id)),
    tokens: ids.length,
    misses,
  };
  const gaps = misses.map(({ gap }) => gap).join(', ') || 'none';
  say(
    `  argmax agreement with native ${result.agreement.toFixed(4)} on ${ids.length} tokens; top-2 gaps at the misses: ${gaps}`,
  );
  if (exact)
    say(
      `  agreement with exact arithmetic: ours ${result.oursVsExact.toFixed(4)}, native ${result.nativeVsExact.toFixed(4)}`,
    );
  return result;
}
