import { drawBill, type Bill, type Pace } from '../../domain/matrix/bill';
import {
  findMatrixArtifact,
  MAX_MATRIX_MODELS,
  MAX_MATRIX_REPEATS,
  MAX_MATRIX_SETS,
  type MatrixModel,
  type MatrixSet,
} from '../../domain/matrix/plan';
import { sumArtifactBytes, type Artifact } from '../../domain/model/model';
import type { CachedFiles } from '../models/cached-files.svelte';
import type { Choices } from '../run/choices.svelte';
import type { Speed } from '../speed/speed.svelte';
import { emptyKeyed, type Keyed } from './keyed';
import { guessPace } from './paces';

export interface MatrixDraftPorts {
  readonly choices: Pick<Choices, 'models' | 'model' | 'artifact' | 'sets' | 'setId' | 'sampling'>;
  readonly cached: Pick<CachedFiles, 'files'>;
  readonly speed: Pick<Speed, 'report'>;
}

/** What a new matrix is to be: what is chosen on the Run screen, until somebody ticks more. */
export class MatrixDraft {
  #artifactIds = $state.raw<readonly string[] | undefined>();
  #setIds = $state.raw<readonly string[] | undefined>();
  #repeats = $state(1);
  /** Of artifacts that have been run here. */
  #paces = $state.raw(emptyKeyed<Pace>());

  constructor(private readonly ports: MatrixDraftPorts) {}

  get artifactIds(): readonly string[] {
    const { artifact } = this.ports.choices;
    return this.#artifactIds ?? (artifact === undefined ? [] : [artifact.id]);
  }

  get setIds(): readonly string[] {
    const { setId } = this.ports.choices;
    return this.#setIds ?? (setId === '' ? [] : [setId]);
  }

  get repeats(): number {
    return this.#repeats;
  }

  set repeats(count: number) {
    if (Number.isInteger(count) && count >= 1 && count <= MAX_MATRIX_REPEATS) this.#repeats = count;
  }

  learn(paces: Keyed<Pace>): void {
    this.#paces = paces;
  }

  setArtifact(id: string, chosen: boolean): void {
    this.#artifactIds = toggle(this.artifactIds, id, chosen);
  }

  setSet(id: string, chosen: boolean): void {
    this.#setIds = toggle(this.setIds, id, chosen);
  }

  /** Of all its files; 0 where the row tells none. */
  countBytes(artifact: Artifact): number {
    return sumArtifactBytes(artifact);
  }

  /** In the order in which the page lists them. */
  get models(): readonly MatrixModel[] {
    const { artifactIds } = this;
    return this.ports.choices.models.flatMap((model) =>
      model.artifacts
        .filter(({ id }) => artifactIds.includes(id))
        .map(({ id }) => ({ model, artifactId: id })),
    );
  }

  get sets(): readonly MatrixSet[] {
    return this.ports.choices.sets
      .filter(({ id }) => this.setIds.includes(id))
      .map(({ id, title, language, caseCount, sha256 }) => ({ id, title, language, caseCount, sha256 }));
  }

  /** More than a matrix holds. */
  get isTooLarge(): boolean {
    return this.models.length > MAX_MATRIX_MODELS || this.sets.length > MAX_MATRIX_SETS;
  }

  get isReady(): boolean {
    return this.models.length > 0 && this.sets.length > 0 && !this.isTooLarge;
  }

  get bill(): Bill {
    const { cached, choices, speed } = this.ports;
    const isStored = ({ sha256, url }: { sha256?: string | undefined; url?: string | undefined }) =>
      cached.files?.some(
        (file) =>
          file.isWhole &&
          ((sha256 !== undefined && file.sha256 === sha256) || (url !== undefined && file.source === url)),
      ) === true;
    return drawBill(
      this.models,
      this.sets,
      this.#repeats,
      isStored,
      (entry) =>
        this.#paces.get(findMatrixArtifact(entry)?.id ?? '') ??
        guessPace(entry, speed.report, choices.sampling.maxTokens),
    );
  }
}

function toggle(ids: readonly string[], id: string, chosen: boolean): readonly string[] {
  const others = ids.filter((each) => each !== id);
  return chosen ? [...others, id] : others;
}
