import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { unpackArchive } from './archive';

const zip = (files: Readonly<Record<string, string | Uint8Array>>, level: 0 | 6 = 6) =>
  zipSync(
    Object.fromEntries(
      Object.entries(files).map(([path, data]) => [path, typeof data === 'string' ? strToU8(data) : data]),
    ),
    { level },
  );

describe('unpackArchive', () => {
  it.each([0, 6] as const)('gives the texts by their paths, packed at level %s', (level) => {
    const bytes = zip(
      {
        'set/promptfooconfig.yaml': 'prompts: [a]',
        'set/tests/ä.csv': 'q\n“x”\n',
        'set/picture.png': new Uint8Array([137, 80, 78, 71]),
        'set/node_modules/a/package.json': '{}',
        'set/.env.json': '{}',
        '__MACOSX/set/._promptfooconfig.yaml': 'x',
        'set/broken.txt': new Uint8Array([0xff, 0xfe, 0x00]),
      },
      level,
    );
    expect(unpackArchive(bytes)).toEqual([
      { path: 'set/promptfooconfig.yaml', text: 'prompts: [a]' },
      { path: 'set/tests/ä.csv', text: 'q\n“x”\n' },
    ]);
  });

  it.each(['../out.json', 'a/../../out.json', '/etc/out.json', 'C:\\out.json', '..\\out.json'])(
    'refuses the path %s, which leads out of it',
    (path) => {
      expect(() => unpackArchive(zip({ 'a.json': '{}', [path]: '{}' }))).toThrow('leads out of it');
    },
  );

  it('refuses what grows beyond any text', () => {
    const bytes = zip({ 'zeros.txt': new Uint8Array(40_000_000) });
    expect(bytes.length).toBeLessThan(200_000);
    expect(() => unpackArchive(bytes)).toThrow('it unpacks to far more than a text can');
  });

  it('refuses more text than it may hold, whatever the entries say of themselves', () => {
    const noise = new Uint8Array(600_000);
    let state = 1;
    for (let at = 0; at < noise.length; at++)
      noise[at] = 97 + (((state = (state * 48_271) % 0x7fffffff) >>> 8) % 4);
    const bytes = zip({ 'a.txt': noise, 'b.txt': noise });
    // Both sizes in every local and central header: what an entry says of itself is not believed.
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + 30 < bytes.length; at++) {
      if (view.getUint32(at, true) === 0x04034b50) view.setUint32(at + 22, 5, true);
    }
    expect(() => unpackArchive(bytes, 1_000_000)).toThrow('more than 64 MB of text');
    expect(unpackArchive(bytes, 2_000_000)).toHaveLength(2);
  });

  it('refuses many files, damage, and what is no archive', () => {
    const many = Object.fromEntries(Array.from({ length: 2_001 }, (_, index) => [`${index}.txt`, 'x']));
    expect(() => unpackArchive(zip(many))).toThrow('more than 2000 files');
    const broken = zip({ 'a.txt': 'hello '.repeat(1_000) });
    broken.fill(0xff, 40, 60);
    expect(() => unpackArchive(broken)).toThrow(/damaged|no file in it/);
    expect(() => unpackArchive(strToU8('no archive'))).toThrow('it is no ZIP file');
    expect(() => unpackArchive(zip({ 'a.png': 'x' }))).toThrow('no file in it is a text of a set');
  });
});
