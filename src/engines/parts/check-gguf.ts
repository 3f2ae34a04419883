import { badInput, FaultError } from '../../domain/fault';
import { classifySimdError } from './simd-faults';

const WHAT = 'GGUF file';
/** What `general.type` may say of a file that is no model by itself; many models do not say. */
const COMPANION_TYPES: readonly unknown[] = ['adapter', 'mmproj', 'imatrix', 'vocab'];

/**
 * Reads the header of a model, all parts of it, and refuses what contradicts itself, is cut short or is no model: before
 * an engine that would only say that it failed, or would not survive. Reads a few MB at most, in milliseconds.
 * @throws FaultError `bad-input`, `unsupported` or `stopped`
 */
export async function checkGguf(files: readonly Blob[], signal: AbortSignal): Promise<void> {
  const { blobSource, parseGguf } = await import('../../inference/index');
  try {
    const { metadata, tensors } = await parseGguf(files.map(blobSource), signal);
    const type = metadata.get('general.type');
    if (COMPANION_TYPES.includes(type))
      throw badInput(WHAT, `it is of the type '${String(type)}', not a model`);
    const architecture = metadata.get('general.architecture');
    if (typeof architecture !== 'string' || architecture === '')
      throw badInput(WHAT, 'it names no architecture');
    if (tensors.length === 0) throw badInput(WHAT, 'it has no tensors');
  } catch (error) {
    throw new FaultError(classifySimdError(error, WHAT), { cause: error });
  }
}

/** The vision encoder and projector beside a model: llama.cpp's `mmproj`, whose architecture is CLIP whatever it is. */
const PROJECTOR = 'image projector (mmproj)';

/**
 * As `checkGguf`, for the file that gives a model its eyes. One that cannot be read as such wllama would take for a part
 * of the model.
 * @returns its type, as the file says it
 * @throws FaultError `bad-input`, `unsupported` or `stopped`
 */
export async function checkProjector(file: Blob, signal: AbortSignal): Promise<string> {
  const { blobSource, parseGguf } = await import('../../inference/index');
  try {
    const { metadata, tensors } = await parseGguf([blobSource(file)], signal);
    const architecture = metadata.get('general.architecture');
    if (architecture !== 'clip')
      throw badInput(PROJECTOR, `its architecture is '${String(architecture)}', not 'clip'`);
    // Without these llama.cpp stops itself instead of saying so.
    for (const key of ['clip.vision.image_mean', 'clip.vision.image_std'])
      if (metadata.get('clip.has_vision_encoder') === true && !metadata.has(key))
        throw badInput(PROJECTOR, `it has no ${key}`);
    if (tensors.length === 0) throw badInput(PROJECTOR, 'it has no tensors');
    return String(metadata.get('clip.projector_type') ?? metadata.get('clip.vision.projector_type') ?? '');
  } catch (error) {
    throw new FaultError(classifySimdError(error, PROJECTOR), { cause: error });
  }
}
