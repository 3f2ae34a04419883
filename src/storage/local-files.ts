import { createStore, del, get, set, values } from 'idb-keyval';
import { badInput } from '../domain/fault';
import { makeLocalKey, type LocalFile } from '../domain/download/local-file';

/** A picked file that was remembered; without a handle it lasts as long as the page. */
interface RememberedFile {
  readonly key: string;
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since 1970, as the file system says. */
  readonly lastModified: number;
}

export interface LocalFileStore {
  /** @param handle where the browser gives one: then the file is found again next time */
  remember(file: File, handle?: FileSystemFileHandle): Promise<LocalFile>;
  /**
   * The file behind a key. Where the browser wants to be asked again it asks, so this has to follow a click.
   * @throws FaultError `bad-input` when it has to be picked again: moved, changed, refused, or of an earlier visit
   */
  open(key: string): Promise<LocalFile>;
  /** Those that are found again next time. */
  list(): Promise<readonly RememberedFile[]>;
  forget(key: string): Promise<void>;
}

interface StoredHandle extends RememberedFile {
  readonly handle: FileSystemFileHandle;
}

/** Not yet in TypeScript's library: https://wicg.github.io/file-system-access/#api-filesystemhandle */
interface AskingHandle {
  queryPermission?(descriptor: { readonly mode: 'read' }): Promise<PermissionState>;
  requestPermission?(descriptor: { readonly mode: 'read' }): Promise<PermissionState>;
}

/** Remembers where picked files are, never their bytes. */
export function createLocalFileStore(): LocalFileStore {
  const handles = createStore('wizardbench-local-files', 'handles');
  const picked = new Map<string, File>();

  return {
    async remember(file, handle) {
      const key = await makeLocalKey(file);
      picked.set(key, file);
      if (handle !== undefined) {
        const { name, size, lastModified } = file;
        const stored: StoredHandle = { key, name, bytes: size, lastModified, handle };
        await set(key, stored, handles);
      }
      return { key, file };
    },

    async open(key) {
      const stored = await get<StoredHandle>(key, handles);
      const inHand = picked.get(key);
      if (stored === undefined) {
        if (inHand === undefined) throw badPick('it has to be picked again');
        return { key, file: inHand };
      }
      const { handle, name, bytes, lastModified } = stored;
      await askToRead(handle, name);
      let file: File;
      try {
        file = await handle.getFile();
      } catch {
        throw badPick(`${name} was moved or deleted; pick it again`);
      }
      if (file.size !== bytes || file.lastModified !== lastModified) {
        throw badPick(`${name} has changed since it was picked; pick it again`);
      }
      return { key, file };
    },

    async list() {
      const all = await values<StoredHandle>(handles);
      return all.map(({ key, name, bytes, lastModified }) => ({ key, name, bytes, lastModified }));
    },

    async forget(key) {
      picked.delete(key);
      await del(key, handles);
    },
  };
}

async function askToRead(handle: FileSystemFileHandle & AskingHandle, name: string): Promise<void> {
  const mode = { mode: 'read' } as const;
  // Browsers with handles but without permissions, as Safari and Firefox, have none but their own files.
  let state = (await handle.queryPermission?.(mode)) ?? 'granted';
  if (state === 'prompt') state = (await handle.requestPermission?.(mode).catch(() => undefined)) ?? 'denied';
  if (state !== 'granted') throw badPick(`the browser was not allowed to read ${name}`);
}

function badPick(detail: string) {
  return badInput('local file', detail);
}
