import { expect, it } from 'vitest';
import { pickFiles, takeDropped, type DroppedItem } from './pick-files';

const file = new File(['x'], 'a.gguf');
const handle = { kind: 'file', getFile: () => Promise.resolve(file) } as unknown as FileSystemFileHandle;

it('gives files with their handles, nothing when the person turns back, and tells where there is no picker', async () => {
  expect(await pickFiles({ showOpenFilePicker: () => Promise.resolve([handle]) })).toEqual([
    { file, handle },
  ]);
  const turnBack = () => Promise.reject(new DOMException('', 'AbortError'));
  expect(await pickFiles({ showOpenFilePicker: turnBack })).toEqual([]);
  const forbidden = () => Promise.reject(new DOMException('', 'SecurityError'));
  expect(await pickFiles({ showOpenFilePicker: forbidden })).toBeUndefined();
  expect(await pickFiles({})).toBeUndefined();
});

it('takes dropped files, with handles where there are some', async () => {
  const items: DroppedItem[] = [
    { kind: 'file', getAsFile: () => file, getAsFileSystemHandle: () => Promise.resolve(handle) },
    { kind: 'file', getAsFile: () => file },
    { kind: 'file', getAsFile: () => file, getAsFileSystemHandle: () => Promise.reject(new Error('no')) },
    { kind: 'string', getAsFile: () => null },
  ];
  expect(await takeDropped(items)).toEqual([{ file, handle }, { file }, { file }]);
});
