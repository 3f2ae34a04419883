// Builds the three engine binaries from engine.c. `node src/inference/cpu/kernels/build.mjs [--check]`
// --check rebuilds into memory and fails unless the committed bytes are identical.
// Toolchain: zig's clang and LLD from the PyPI package `ziglang`, pinned; ZIG_PYTHON names a Python that
// already has it, otherwise a virtual environment is made in the user's cache folder.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const ZIG_VERSION = '0.17.1';
const HERE = import.meta.dirname;
const OUT = join(HERE, '../binaries');
const BUILDS = {
  'wasm64-relaxed': { bits: 64, relaxed: true },
  'wasm32-relaxed': { bits: 32, relaxed: true },
  'wasm32-plain': { bits: 32, relaxed: false },
};

function python() {
  if (process.env.ZIG_PYTHON) return process.env.ZIG_PYTHON;
  const venv = join(
    process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
    `wizardbench-ziglang-${ZIG_VERSION}`,
  );
  const bin = join(venv, 'bin/python');
  if (!existsSync(join(venv, 'ready'))) {
    execFileSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' });
    execFileSync(bin, ['-m', 'pip', 'install', '--quiet', `ziglang==${ZIG_VERSION}`], { stdio: 'inherit' });
    writeFileSync(join(venv, 'ready'), '');
  }
  return bin;
}

function build(zig, { bits, relaxed }, folder) {
  const object = join(folder, 'engine.o');
  const binary = join(folder, 'engine.wasm');
  // zig cc refuses --max-memory of 4 GiB and more, so compile and link apart.
  zig([
    'cc',
    `--target=wasm${bits}-freestanding`,
    '-std=c11',
    '-O3',
    '-c',
    '-g0',
    '-ffreestanding',
    '-fno-builtin-memset',
    '-fno-sanitize=all',
    '-ffp-contract=off',
    '-msimd128',
    '-matomics',
    '-mbulk-memory',
    '-mmutable-globals',
    ...(relaxed ? ['-mrelaxed-simd', '-DRELAXED'] : []),
    '-Wall',
    '-Wextra',
    '-Werror',
    '-Wno-unused-function',
    '-o',
    object,
    'engine.c',
  ]);
  zig([
    'wasm-ld',
    ...(bits === 64 ? ['-mwasm64'] : []),
    '--no-entry',
    '--import-memory',
    '--shared-memory',
    `--max-memory=${bits === 64 ? 2 ** 34 : 2 ** 32}`,
    '--export=__stack_pointer',
    '-z',
    'stack-size=65536',
    '--strip-all',
    '--gc-sections',
    '-o',
    binary,
    object,
  ]);
  return readFileSync(binary);
}

const check = process.argv.includes('--check');
const bin = python();
const zig = (args) =>
  execFileSync(bin, ['-m', 'ziglang', ...args], { cwd: HERE, stdio: ['ignore', 'inherit', 'inherit'] });
const version = execFileSync(bin, ['-m', 'ziglang', 'version']).toString().trim();
if (version !== ZIG_VERSION) throw new Error(`ziglang ${ZIG_VERSION} is needed, found ${version}`);
const folder = mkdtempSync(join(tmpdir(), 'simd-kernels-'));
try {
  for (const [name, options] of Object.entries(BUILDS)) {
    const path = join(OUT, `${name}.wasm`);
    const bytes = build(zig, options, folder);
    if (!check) writeFileSync(path, bytes);
    else if (!existsSync(path) || !bytes.equals(readFileSync(path)))
      throw new Error(`${name}.wasm differs from its source`);
    console.log(`${name}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzip`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
