import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startHub } from '../../../e2e/hub-stand-in.mjs';
import { FaultError, type Fault } from '../../domain/fault';
import { parseModel } from '../../domain/model/model';
import { findMlcWeights } from './mlc-weights';

const { signal } = new AbortController();
const model = parseModel({
  id: 'base',
  name: 'Base',
  family: 'llama',
  parameters: 10,
  licence: 'MIT',
  source: 'https://x.example/',
  template: { kind: 'jinja', source: '{{ messages }}' },
  artifacts: [
    {
      id: 'base-mlc',
      format: 'mlc',
      quantization: 'q4f16_1',
      contextTokens: 64,
      files: [],
      mlc: { library: 'Llama-2-7b-chat-hf-q4f16_1-MLC' },
    },
  ],
});
const json = (value: unknown) => ({ bytes: new TextEncoder().encode(JSON.stringify(value)) });

let hub: Awaited<ReturnType<typeof startHub>>;
beforeEach(async () => {
  hub = await startHub({
    'me/good-MLC/mlc-chat-config.json': json({ quantization: 'q4f16_1' }),
    'me/good-MLC/params_shard_0.bin': { bytes: new Uint8Array(1_000) },
    'me/other-MLC/mlc-chat-config.json': json({ quantization: 'q4f32_1' }),
    'me/gguf/x.gguf': { bytes: new Uint8Array(10) },
  });
});
afterEach(() => hub.close());

const find = (reference: string) => {
  const [artifact] = model.artifacts;
  if (artifact === undefined) throw new Error('no artifact');
  return findMlcWeights({ model, artifact, reference, hubUrl: hub.url }, signal);
};

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const outcome: unknown = await promise.catch((error: unknown) => error);
  if (outcome instanceof FaultError) return outcome.fault;
  throw new Error('expected a FaultError', { cause: outcome });
}

describe('findMlcWeights', () => {
  it('finds converted weights, and how large they are', async () => {
    const { repo, bytes } = await find('me/good-MLC');
    expect(repo).toBe('me/good-MLC');
    expect(bytes).toBeGreaterThan(1_000);
    expect(bytes).toBeLessThan(2_000);
  });

  it.each([
    ['me/other-MLC', 'they are q4f32_1'],
    ['me/gguf', 'there is no mlc-chat-config.json'],
    ['nonsense', 'expected owner/name'],
  ])('refuses %s', async (reference, words) => {
    const fault = await faultOf(find(reference));
    expect(fault).toMatchObject({ kind: 'bad-input', what: 'MLC weights' });
    expect('detail' in fault && fault.detail).toContain(words);
  });

  it('passes on what the host says', async () => {
    hub.fail({ on: 'resolve', status: 403 });
    expect(await faultOf(find('me/good-MLC'))).toMatchObject({ kind: 'download', status: 403 });
  });
});
