import { describe, expect, it } from 'vitest';
import { FaultError, type Fault } from '../../domain/fault';
import { encodeGguf, type GgufEntry } from '../../inference/testing/gguf-writer.mjs';
import { createHostileGgufs } from '../../inference/testing/hostile-gguf.mjs';
import { createRandomLora } from '../../inference/testing/random-lora.mjs';
import { createRandomModel } from '../../inference/testing/random-model.mjs';
import { createRandomProjector } from '../testing/random-projector.mjs';
import { checkGguf, checkProjector } from './check-gguf';

async function faultOf(...files: Uint8Array[]): Promise<Fault | undefined> {
  try {
    const blobs = files.map((file) => new Blob([file as BlobPart]));
    await checkGguf(blobs, new AbortController().signal);
    return undefined;
  } catch (error) {
    if (error instanceof FaultError) return error.fault;
    throw error;
  }
}

const llama: GgufEntry = { key: 'general.architecture', type: 'str', value: 'llama' };
const tensor = { name: 'w', dimensions: [4], type: 'F32', data: new Uint8Array(16) };

describe('checkGguf', () => {
  it('lets a model pass, also of an architecture that ours lacks', async () => {
    expect(await faultOf(createRandomModel({ type: 'Q4_0' }))).toBeUndefined();
    const qwen: GgufEntry = { ...llama, value: 'qwen3' };
    expect(await faultOf(encodeGguf({ entries: [qwen], tensors: [tensor] }))).toBeUndefined();
  });

  it.each<[string, Uint8Array, string]>([
    [
      'an adapter',
      createRandomLora([{ name: 'w', dimensions: [32, 32] }]),
      "of the type 'adapter', not a model",
    ],
    ['no architecture', encodeGguf({ entries: [], tensors: [tensor] }), 'it names no architecture'],
    ['no tensors', encodeGguf({ entries: [llama], tensors: [] }), 'it has no tensors'],
    ['another format', new TextEncoder().encode('<!doctype html>'), 'not a GGUF file'],
  ])('refuses %s', async (_name, file, detail) => {
    const fault = await faultOf(file);
    expect(fault).toMatchObject({ kind: 'bad-input', what: 'GGUF file' });
    expect(fault).toHaveProperty('detail', expect.stringContaining(detail));
  });

  it('refuses hostile headers with words, and nothing else', async () => {
    let refused = 0;
    for (const { bytes } of createHostileGgufs(160, 11)) {
      const fault = await faultOf(bytes);
      if (fault === undefined) continue;
      refused++;
      expect(['bad-input', 'unsupported']).toContain(fault.kind);
    }
    expect(refused).toBeGreaterThan(100);
  });

  it('stops when told', async () => {
    const check = checkGguf([new Blob([createRandomModel({})])], AbortSignal.abort());
    await expect(check).rejects.toMatchObject({ fault: { kind: 'stopped' } });
  });
});

describe('checkProjector', () => {
  const check = (file: Uint8Array) =>
    checkProjector(new Blob([file as BlobPart]), new AbortController().signal);
  const sound = createRandomProjector({ textEmbedding: 32 });
  const clip: GgufEntry = { ...llama, value: 'clip' };
  const sees: GgufEntry = { key: 'clip.has_vision_encoder', type: 'bool', value: true };

  it('tells the type of a sound one', async () => {
    expect(await check(sound)).toBe('mlp');
  });

  it.each<[string, Uint8Array, string]>([
    ['a model', createRandomModel({ type: 'Q4_0' }), "its architecture is 'llama', not 'clip'"],
    ['one that was cut', sound.subarray(0, sound.length - 40_000), 'past the end'],
    ['no tensors', encodeGguf({ entries: [clip], tensors: [] }), 'it has no tensors'],
    ['no colours', encodeGguf({ entries: [clip, sees], tensors: [tensor] }), 'no clip.vision.image_mean'],
    ['another format', new TextEncoder().encode('<!doctype html>'), 'not a GGUF file'],
  ])('refuses %s', async (_name, file, detail) => {
    await expect(check(file)).rejects.toMatchObject({
      fault: {
        kind: 'bad-input',
        what: 'image projector (mmproj)',
        detail: expect.stringContaining(detail) as unknown,
      },
    });
  });
});
