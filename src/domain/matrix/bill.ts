import { listFiles } from '../model/model';
import { findMatrixArtifact, type MatrixModel, type MatrixSet } from './plan';

/** How long a model's answer takes on this device, and how that is known. */
export interface Pace {
  readonly caseMs: number;
  /** Measured with this very model, or worked out from another one by size. */
  readonly from: 'runs' | 'speed';
}

export interface ModelBill {
  /** Still to be fetched. */
  readonly downloadBytes: number;
  /** Questions of all sets, times the repeats. */
  readonly cases: number;
  /** Absent where nothing measured says. */
  readonly milliseconds?: number;
}

export interface Bill {
  readonly models: readonly ModelBill[];
  readonly cases: number;
  readonly downloadBytes: number;
  /** Of the models that are known; absent where none is. */
  readonly milliseconds?: number;
  /** Models that nothing measured speaks of. */
  readonly unknownPaces: number;
}

/**
 * What a matrix will take, before it is begun.
 * @param isStored whether a file is on this device already, by its hash or address
 * @param paceOf undefined where nothing is known
 */
export function drawBill(
  models: readonly MatrixModel[],
  sets: readonly Pick<MatrixSet, 'caseCount'>[],
  repeats: number,
  isStored: (file: { readonly sha256?: string | undefined; readonly url?: string | undefined }) => boolean,
  paceOf: (model: MatrixModel) => Pace | undefined,
): Bill {
  const cases = sets.reduce((sum, { caseCount }) => sum + caseCount, 0) * repeats;
  const bills = models.map((model): ModelBill => {
    const artifact = findMatrixArtifact(model);
    const downloadBytes = (artifact === undefined ? [] : listFiles(artifact))
      .filter((file) => file.local === undefined && !isStored(file))
      .reduce((sum, { bytes, approximateBytes }) => sum + (bytes ?? approximateBytes ?? 0), 0);
    const pace = paceOf(model);
    return { downloadBytes, cases, ...(pace !== undefined && { milliseconds: pace.caseMs * cases }) };
  });
  const known = bills.flatMap(({ milliseconds }) => milliseconds ?? []);
  return {
    models: bills,
    cases: cases * models.length,
    downloadBytes: bills.reduce((sum, each) => sum + each.downloadBytes, 0),
    ...(known.length > 0 && { milliseconds: known.reduce((sum, each) => sum + each, 0) }),
    unknownPaces: bills.length - known.length,
  };
}

/**
 * Milliseconds of an answer of a model by what was measured of another: reading and writing both go through all weights, so
 * time grows with their size. An answer is taken to be as long as it may be.
 */
export function scalePace(
  measured: {
    readonly bytes: number;
    readonly prefillTokensPerSecond: number;
    readonly decodeTokensPerSecond: number;
  },
  bytes: number,
  maxTokens: number,
): Pace {
  const PROMPT_TOKENS = 100;
  const seconds =
    PROMPT_TOKENS / measured.prefillTokensPerSecond + maxTokens / measured.decodeTokensPerSecond;
  return { caseMs: seconds * 1_000 * (bytes / measured.bytes), from: 'speed' };
}
