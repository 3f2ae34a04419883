// What promptfoo's own `evaluate` makes of the configurations in src/domain/formats/testing/promptfoo-cases.json: for each
// test in order the final prompt, and how the answer was graded. Rewrites the file's expected values.
// promptfoo is large, so it is installed elsewhere: `npm i promptfoo@0.123.1` in a folder, then
// `node bench/promptfoo-cases.mjs that-folder`.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';

const [folder] = process.argv.slice(2);
if (!folder) throw new Error('usage: node bench/promptfoo-cases.mjs folder-with-promptfoo');
const entry = createRequire(join(resolve(folder), 'package.json')).resolve('promptfoo');
const { default: promptfoo } = await import(pathToFileURL(entry.replace(/\.cjs$/, '.js')).href);

const path = new URL('../src/domain/formats/testing/promptfoo-cases.json', import.meta.url);
const rows = JSON.parse(readFileSync(path, 'utf8'));
/** `ResultFailureReason.ERROR`. */
const ERROR = 2;

async function evaluate({ config, output }) {
  const provider = Object.assign(async () => ({ output }), { label: 'fixed' });
  const suite = { ...parse(config, { merge: true }), providers: [provider], writeLatestResults: false };
  const record = await promptfoo.evaluate(suite, { cache: false, maxConcurrency: 1, showProgressBar: false });
  const { results } = await record.toEvaluateSummary();
  return results
    .sort((one, other) => one.testIdx - other.testIdx || one.promptIdx - other.promptIdx)
    .map(({ prompt, success, failureReason }) => ({
      prompt: prompt.raw,
      status: success ? 'pass' : failureReason === ERROR ? 'error' : 'fail',
    }));
}

for (const row of rows) {
  try {
    row.expected = await evaluate(row);
  } catch (error) {
    // References and the like are resolved by promptfoo's command line before this.
    console.error(`kept as it was: ${row.name} (${error.message.split('\n')[0]})`);
  }
}
writeFileSync(path, `${JSON.stringify(rows, null, 2)}\n`);
