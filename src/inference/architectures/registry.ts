import { InferenceError } from '../errors';
import { readString } from '../gguf/metadata';
import type { GgufFile } from '../gguf/types';
import type { Architecture, ModelDescription } from './architecture';
import * as architectures from './index';
import { TensorSet } from './weights';

/** Every architecture that the library knows. */
export const ARCHITECTURES: readonly Architecture[] = Object.values(architectures);

/**
 * Reads what a file's header says of the model and checks every tensor, before anything is read or allocated.
 * Throws `unsupported` with the name of what this library lacks, `bad-file` for contradictions.
 */
export function describeModel({ metadata, tensors }: GgufFile): ModelDescription {
  const id = readString(metadata, 'general.architecture');
  const architecture = ARCHITECTURES.find((each) => each.id === id);
  if (!architecture) throw new InferenceError('unsupported', `the architecture '${id}'`);
  const h = architecture.readHyperparameters(metadata);
  const set = new TensorSet(tensors);
  const block = architecture.readBlock({ metadata, h, tensors: set });
  const weights = architecture.takeWeights(set, h, block);
  set.refuseRest();
  return { architecture: id, block, h, weights };
}
