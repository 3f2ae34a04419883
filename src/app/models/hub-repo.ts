import { parsePartName } from '../../domain/model/gguf-header';
import type { HubFile, HubRepo } from '../../domain/model/hub';

/** Weights in a repo, whole or in parts. */
interface HubWeights {
  /** Of the first part. */
  readonly file: HubFile;
  readonly name: string;
  readonly bytes: number;
  readonly parts: number;
}

export interface RepoView {
  readonly repo: HubRepo;
  readonly weights: readonly HubWeights[];
  /** Projectors of vision models. */
  readonly projectors: readonly HubFile[];
}

/** A repo's GGUF files as a person chooses among them: the parts of one as one, the smaller first. */
export function viewRepo(repo: HubRepo): RepoView {
  const isProjector = ({ path }: HubFile) => /mmproj/i.test(nameOf(path));
  const groups = new Map<string, [HubFile, ...HubFile[]]>();
  for (const file of repo.gguf.filter((each) => !isProjector(each))) {
    const part = parsePartName(file.path);
    const key = part === undefined ? file.path : `${part.stem} of ${part.count}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [file]);
    else group.push(file);
  }
  const weights = [...groups.values()].map((files): HubWeights => {
    const [file] = files;
    return {
      file,
      name: file.path,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      parts: files.length,
    };
  });
  return {
    repo,
    weights: weights.sort((a, b) => a.bytes - b.bytes),
    projectors: repo.gguf.filter(isProjector),
  };
}

function nameOf(path: string): string {
  return path.split('/').at(-1) ?? path;
}
