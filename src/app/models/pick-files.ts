import type { PickedFile } from './own-models.svelte';

/** Not yet in TypeScript's library: https://wicg.github.io/file-system-access/#api-showopenfilepicker */
interface PickerWindow {
  showOpenFilePicker?(options: { readonly multiple: true }): Promise<readonly FileSystemFileHandle[]>;
}

/** Asks for files with the browser's own picker, whose handles last. @returns undefined where there is none */
export async function pickFiles(view: object): Promise<readonly PickedFile[] | undefined> {
  const picker: PickerWindow = view;
  if (picker.showOpenFilePicker === undefined) return undefined;
  try {
    const handles = await picker.showOpenFilePicker({ multiple: true });
    return await Promise.all(handles.map(async (handle) => ({ file: await handle.getFile(), handle })));
  } catch (error) {
    // The person changed their mind; anything else leaves the plain field to try.
    return error instanceof Error && error.name === 'AbortError' ? [] : undefined;
  }
}

/** Handles are not in every browser: https://wicg.github.io/file-system-access/#api-datatransferitem-getasfilesystemhandle */
export interface DroppedItem extends Pick<DataTransferItem, 'kind' | 'getAsFile'> {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

/** Dropped files, with handles where the browser gives them. The items are gone once the event is over. */
export async function takeDropped(items: Iterable<DroppedItem>): Promise<readonly PickedFile[]> {
  const asked = [...items].flatMap((item) => {
    const file = item.kind === 'file' ? item.getAsFile() : null;
    return file === null ? [] : [{ file, handle: item.getAsFileSystemHandle?.() }];
  });
  return await Promise.all(
    asked.map(async ({ file, handle }) => {
      const given = await handle?.catch(() => null);
      return given?.kind === 'file' ? { file, handle: given as FileSystemFileHandle } : { file };
    }),
  );
}
