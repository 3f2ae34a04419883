import { describe, expect, it } from 'vitest';
import { listExports, makeBlob, nameFile } from './export-run';

describe('files for the download folder', () => {
  it('have names without a way out of the folder', () => {
    expect(nameFile(['smollm2-135m', 'logic-en', '2026-11-23'])).toBe('smollm2-135m_logic-en_2026-11-23');
    expect(nameFile(['../../etc', 'a/b\\c:d', '', '<script>'])).toBe('etc_a-b-c-d_script');
    expect(nameFile(['Логика 1'])).toBe('Логика-1');
  });

  it('are marked as UTF-8 for spreadsheets, and only for them', async () => {
    const bytes = async (mediaType: string) =>
      new Uint8Array(await makeBlob('я', mediaType).arrayBuffer()).slice(0, 3);
    expect([...(await bytes('text/csv'))]).toEqual([0xef, 0xbb, 0xbf]);
    expect((await bytes('application/json'))[0]).toBe(0xd1);
  });

  it('come in every format', async () => {
    expect((await listExports()).map(({ id }) => id).sort()).toEqual([
      'csv',
      'html',
      'json',
      'jsonl',
      'markdown',
    ]);
  });
});
