import { badInput } from '../fault';
import { parsePartName, type GgufHeader } from './gguf-header';
import type { ModelFile } from './model';

/** A GGUF file that the person brought, with its header read. */
export interface OwnFile {
  readonly file: ModelFile;
  readonly header: GgufHeader;
}

export interface OwnFiles {
  /** Parts of one model, in order. */
  readonly weights: readonly [OwnFile, ...OwnFile[]];
  readonly companions: readonly { readonly kind: 'mmproj' | 'lora'; readonly own: OwnFile }[];
}

/** A LoRA adapter picked by itself, to be added to a model. @returns undefined for anything else */
export function findLoneAdapter(files: readonly OwnFile[]): OwnFile | undefined {
  const [first, ...others] = files;
  return first?.header.kind === 'lora' && others.length === 0 ? first : undefined;
}

/**
 * Sorts files that were picked together: one model, whole or in parts, and what goes with it.
 * @throws FaultError `bad-input` when a part is missing, and for two models or none
 */
export function groupOwnFiles(files: readonly OwnFile[]): OwnFiles {
  const vector = files.find(({ header }) => header.kind === 'control-vector');
  if (vector !== undefined) {
    throw badPick(`${vector.file.name} is a control vector, which changes no weights: it cannot be merged`);
  }
  const [first, ...others] = files.filter(({ header }) => header.kind === 'model');
  if (first === undefined) {
    throw badPick('there are no weights among them: pick the model together with its projector or adapter');
  }
  const companions = files.flatMap((own) =>
    own.header.kind === 'mmproj' || own.header.kind === 'lora' ? [{ kind: own.header.kind, own }] : [],
  );
  if (companions.filter(({ kind }) => kind === 'mmproj').length > 1) {
    throw badPick('there are two projectors (mmproj) among them');
  }
  return { weights: orderParts(first, others), companions };
}

function orderParts(first: OwnFile, others: readonly OwnFile[]): OwnFiles['weights'] {
  const count = first.header.part?.count ?? 1;
  const stem = parsePartName(first.file.name)?.stem;
  const all = [first, ...others];
  const isSameModel = (own: OwnFile) =>
    (own.header.part?.count ?? 1) === count && parsePartName(own.file.name)?.stem === stem;
  const stranger = all.find((own) => !isSameModel(own));
  if (stranger !== undefined || (count === 1 && others.length > 0)) {
    const other = stranger ?? others[0];
    throw badPick(`${first.file.name} and ${other?.file.name ?? ''} are two models: pick one`);
  }
  if (count === 1) return [first];
  const byNumber = new Map(all.map((own) => [own.header.part?.number ?? 0, own]));
  const missing = Array.from({ length: count }, (_, index) => index + 1).filter(
    (each) => !byNumber.has(each),
  );
  if (missing.length > 0) {
    const named = missing.slice(0, 8).join(', ') + (missing.length > 8 ? ', …' : '');
    throw badPick(`${missing.length} of ${count} parts are missing: ${named}`);
  }
  if (all.length > count) throw badPick('a part is there twice');
  const [head, ...rest] = [...byNumber].sort(([a], [b]) => a - b).map(([, own]) => own);
  return [head ?? first, ...rest];
}

/** The addresses of all parts of a split file, when `url` is that of any one; otherwise itself. */
export function listPartUrls(url: string): readonly string[] {
  const { pathname } = new URL(url);
  const name = decodeURIComponent(pathname.split('/').at(-1) ?? '');
  const part = parsePartName(name);
  if (part === undefined || part.count > MAX_PARTS) return [url];
  const pad = (number: number) => String(number).padStart(5, '0');
  return Array.from({ length: part.count }, (_, index) =>
    url.replace(`-${pad(part.number)}-of-${pad(part.count)}.`, `-${pad(index + 1)}-of-${pad(part.count)}.`),
  );
}

const MAX_PARTS = 256;

function badPick(detail: string) {
  return badInput('files', detail);
}
