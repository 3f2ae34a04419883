import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nameEngineVersion } from './engine-build.mjs';

describe('nameEngineVersion', () => {
  let folder = '';
  const write = (/** @type {Record<string, string>} */ files) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return nameEngineVersion('1.2.3', folder);
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'binaries-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is the same for the same binaries, whatever lies beside them', () => {
    const version = write({ 'b.wasm': 'two', 'a.wasm': 'one' });
    expect(version).toMatch(/^1\.2\.3\+[0-9a-f]{8}$/);
    expect(write({ 'notes.txt': 'x' })).toBe(version);
  });

  it('changes with any binary', () => {
    const versions = [
      write({ 'a.wasm': 'one', 'b.wasm': 'two' }),
      write({ 'b.wasm': 'too' }),
      write({ 'a.wasm': 'onetoo', 'b.wasm': '' }),
      write({ 'c.wasm': '' }),
    ];
    expect(new Set(versions).size).toBe(versions.length);
  });

  it('refuses a folder without binaries', () => {
    expect(() => nameEngineVersion('1.2.3', folder)).toThrow('no .wasm files');
  });
});
