// Runs the library's own TypeScript in Node scripts through Vite: one GGUF parser, no build step.
import { openAsBlob } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

/** A module of src/inference, by its path from there. */
export async function importLibrary(path) {
  const file = fileURLToPath(new URL(`../src/inference/${path}`, import.meta.url));
  const { module } = await runnerImport(file, { configFile: false, logLevel: 'error' });
  return module;
}

/** The parsed header of a GGUF file on disk, and a source to read tensors from. */
export async function readGguf(path) {
  const [{ parseGguf }, { blobSource }] = await Promise.all([
    importLibrary('gguf/parse.ts'),
    importLibrary('gguf/source.ts'),
  ]);
  const source = blobSource(await openAsBlob(path));
  return { ...(await parseGguf([source])), source };
}
