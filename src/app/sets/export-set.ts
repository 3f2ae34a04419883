import type { ExportedFile } from '../../domain/formats/format';
import { formatRegistry } from '../../domain/formats/registry';
import type { TestSet } from '../../domain/sets/test-set';

interface ExportTarget {
  readonly id: string;
  readonly label: string;
}

/** The formats that a set can be written in. */
export function listExportTargets(): readonly ExportTarget[] {
  return formatRegistry
    .filter((format) => format.write !== undefined)
    .map(({ id, label }) => ({ id, label }));
}

/** The files of a set in a format. @throws FaultError `bad-input` where the format cannot hold it */
export function exportSet(testSet: TestSet, formatId: string): readonly ExportedFile[] {
  return formatRegistry.find(({ id }) => id === formatId)?.write?.(testSet) ?? [];
}

/** Gives a file to the browser's downloads. */
export function saveFile({ name, mediaType, text }: ExportedFile): void {
  const url = URL.createObjectURL(new Blob([text], { type: mediaType }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it over by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
