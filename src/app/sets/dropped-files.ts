import { isReadable, MAX_FILE_COUNT } from '../../domain/sets/given-files';
import type { PickedText } from './importer.svelte';

/** What is looked at in a folder; more is a folder that somebody dropped by mistake. */
const MAX_ENTRIES = 20_000;
const MAX_DEPTH = 20;

/** The files of a drop, those in its folders too, each with its path. Only what can be part of a set is taken along. */
export async function collectDropped({ items, files }: DataTransfer): Promise<readonly PickedText[]> {
  // All before the first wait: after it the drop is empty.
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (!entries.some(({ isDirectory }) => isDirectory)) return [...files];
  const found: PickedText[] = [];
  let seen = 0;
  const visit = async (entry: FileSystemEntry, depth: number): Promise<void> => {
    if (++seen > MAX_ENTRIES || found.length > MAX_FILE_COUNT || depth > MAX_DEPTH) return;
    const path = entry.fullPath.replace(/^\//, '');
    if (isFile(entry)) {
      const isWanted = depth === 0 || isReadable(path);
      if (isWanted) found.push(atPath(await readEntry(entry), depth === 0 ? '' : path));
    } else if (isFolder(entry) && isReadable(`${path}/x.json`)) {
      for (const child of await listEntries(entry)) await visit(child, depth + 1);
    }
  };
  for (const entry of entries) await visit(entry, 0);
  return found;
}

function atPath(file: File, path: string): PickedText {
  const { name, size } = file;
  return {
    name,
    size,
    webkitRelativePath: path,
    text: () => file.text(),
    arrayBuffer: () => file.arrayBuffer(),
  };
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}

function readEntry(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => {
    entry.file(resolve, reject);
  });
}

/** A reader gives the entries of a folder in portions, and an empty one at the end. */
async function listEntries(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (portion.length === 0 || all.length > MAX_ENTRIES) return all;
    all.push(...portion);
  }
}
