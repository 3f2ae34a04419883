import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const config = readFileSync(join(root, 'vite.config.ts'), 'utf8');

/** Width and height, as a PNG's first chunk has them. @param {string} name */
function readSize(name) {
  const bytes = readFileSync(join(root, 'public', name));
  expect(bytes.subarray(1, 4).toString('latin1')).toBe('PNG');
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

describe('icons of the installed page', () => {
  it.each([
    ['icon-192.png', 192, 'any'],
    ['icon-512.png', 512, 'any'],
    ['icon-maskable-512.png', 512, 'maskable'],
  ])('%s has its size and is in the manifest', (name, size, purpose) => {
    expect(readSize(name)).toEqual([size, size]);
    expect(config).toContain(
      `{ src: '${name}', sizes: '${size}x${size}', type: 'image/png', purpose: '${purpose}' }`,
    );
  });

  it('has one for home screens that read no manifest', () => {
    expect(readSize('apple-touch-icon.png')).toEqual([180, 180]);
    expect(readFileSync(join(root, 'index.html'), 'utf8')).toContain('rel="apple-touch-icon"');
  });
});
