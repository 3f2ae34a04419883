import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

/** A graphics device for tests in Node, or why there is none. */
export type TestGpu = { readonly gpu: GPU } | { readonly missing: string };

const ICD = 'vk_swiftshader_icd.json';
let found: Promise<TestGpu> | undefined;

/**
 * Dawn (npm `webgpu`) on SwiftShader, a software device that Chromium brings along, with its Vulkan loader: the same
 * device on every machine. `GPU_ADAPTER=native` takes the machine's own Vulkan devices instead.
 */
export function findTestGpu(): Promise<TestGpu> {
  found ??= find();
  return found;
}

/** Folders that may hold a Chromium, the one of CHROMIUM_PATH first. */
function* browserFolders(): Generator<string> {
  const chosen = process.env['CHROMIUM_PATH'];
  if (chosen !== undefined && existsSync(chosen)) yield dirname(realpathSync(chosen));
  yield* [
    '/usr/lib/chromium',
    '/usr/lib/chromium-browser',
    '/usr/lib64/chromium-browser',
    '/opt/google/chrome',
  ];
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'chromium');
    if (existsSync(path)) yield dirname(realpathSync(path));
  }
  const downloaded = process.env['PLAYWRIGHT_BROWSERS_PATH'] ?? join(homedir(), '.cache/ms-playwright');
  if (!existsSync(downloaded)) return;
  for (const name of readdirSync(downloaded).filter((each) => each.startsWith('chromium'))) {
    for (const inner of readdirSync(join(downloaded, name))) yield join(downloaded, name, inner);
  }
}

async function find(): Promise<TestGpu> {
  if (process.env['GPU_ADAPTER'] !== 'native') {
    if (process.platform !== 'linux') return { missing: 'SwiftShader is looked for on Linux only' };
    const folder = [...browserFolders()].find((each) => existsSync(join(each, ICD)));
    if (folder === undefined) return { missing: 'no Chromium with SwiftShader beside it' };
    // Both names: the second is the old one.
    process.env['VK_DRIVER_FILES'] = join(folder, ICD);
    process.env['VK_ICD_FILENAMES'] = join(folder, ICD);
    holdLibrary(join(folder, 'libvulkan.so.1'));
  }
  try {
    const { create } = await import('webgpu');
    const gpu = create([]);
    const adapter = await gpu.requestAdapter();
    return adapter ? { gpu } : { missing: 'Dawn finds no adapter' };
  } catch (error) {
    return { missing: `Dawn cannot be loaded: ${String(error)}` };
  }
}

/** Loads a library that is no module of Node's: that fails, but it stays in the process, and Dawn finds it by name. */
function holdLibrary(path: string): void {
  if (!existsSync(path)) return;
  const [now, noDelete] = [2, 0x1000];
  try {
    process.dlopen({ exports: {} }, path, now | noDelete);
  } catch {
    // As said.
  }
}
