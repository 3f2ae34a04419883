// Reads many more hostile inputs than the everyday tests do, of a seed that is new each time:
//   npm run fuzz   (FUZZ_RUNS inputs a parser, 10,000 unless told; FUZZ_SEED repeats a run)
// What fails joins `failedBefore` in the test of its parser, so that the everyday run reads it too.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const { FUZZ_RUNS = '10000', FUZZ_SEED = String(Math.floor(Math.random() * 2 ** 31)) } = process.env;
const FILES = [
  'src/domain/parsers.test.ts',
  'src/domain/formats/contract.test.ts',
  'src/domain/generators',
  'src/domain/graders/contract.test.ts',
  'src/inference/gguf',
  'src/worker/files/read-gguf.test.ts',
];

console.log(`${FUZZ_RUNS} inputs a parser, FUZZ_SEED=${FUZZ_SEED}`);
const vitest = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs');
const { status } = spawnSync(process.execPath, [vitest, 'run', ...FILES], {
  stdio: 'inherit',
  env: { ...process.env, FUZZ_RUNS, FUZZ_SEED },
});
process.exit(status ?? 1);
