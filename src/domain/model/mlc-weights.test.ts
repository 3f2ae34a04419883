import { describe, expect, it } from 'vitest';
import { bringWeights, checkMlcConfig, findMlcPlace, makeMlcUrl } from './mlc-weights';
import { parseModel } from './model';

const model = parseModel({
  id: 'base',
  name: 'Base',
  family: 'llama',
  parameters: 10,
  licence: 'MIT',
  source: 'https://x.example/',
  shape: { layers: 32, embedding: 4096, keyValueHeads: 32, headSize: 128, vocabulary: 32_000 },
  template: { kind: 'jinja', source: '{{ messages }}' },
  artifacts: [
    {
      id: 'base-mlc',
      format: 'mlc',
      quantization: 'q4f16_1',
      contextTokens: 64,
      files: [],
      mlc: { library: 'Llama-2-7b-chat-hf-q4f16_1-MLC' },
      unverified: true,
    },
  ],
});
const [artifact] = model.artifacts;
if (artifact === undefined) throw new Error('no artifact');

describe('findMlcPlace', () => {
  it.each([
    [' me/wizard-MLC ', 'me/wizard-MLC'],
    ['https://huggingface.co/me/wizard-MLC/tree/main', 'me/wizard-MLC'],
    ['https://huggingface.co/me/w/tree/v2', 'https://huggingface.co/me/w/resolve/v2/'],
    ['https://x.example/wizard?a=1', 'https://x.example/wizard/resolve/main/'],
    ['https://x.example/wizard/resolve/v1', 'https://x.example/wizard/resolve/v1/'],
  ])('%j is %s', (reference, place) => {
    expect(findMlcPlace(reference)).toBe(place);
  });

  it.each(['', 'wizard', 'http://x.example/wizard', 'javascript:alert(1)', 'https://'])(
    'refuses %j',
    (text) => {
      expect(() => findMlcPlace(text)).toThrow('expected owner/name');
    },
  );

  it('is fetched from the folder that web-llm asks', () => {
    expect(makeMlcUrl('me/w')).toBe('https://huggingface.co/me/w/resolve/main/');
    expect(makeMlcUrl('https://x.example/w/resolve/main/')).toBe('https://x.example/w/resolve/main/');
  });
});

describe('checkMlcConfig', () => {
  const check = (config: unknown) => () => checkMlcConfig(JSON.stringify(config), artifact, model);

  it('takes weights of the row’s quantization and shape', () => {
    const shape = { hidden_size: 4096, num_hidden_layers: 32 };
    expect(check({ quantization: 'q4f16_1', model_config: shape, model_type: 'llama' })).not.toThrow();
    expect(check({ quantization: 'q4f16_1' })).not.toThrow();
  });

  it.each([
    [{ quantization: 'q4f32_1' }, 'they are q4f32_1, this variant is q4f16_1'],
    [{ quantization: 'q4f16_1', model_config: { hidden_size: 2048 } }, 'they are 2048 wide'],
    [{ quantization: 'q4f16_1', model_config: { num_hidden_layers: 40 } }, 'they have 40 layers'],
    [{}, 'cannot be read'],
    ['<!doctype html>', 'cannot be read'],
  ])('refuses %j', (config, words) => {
    expect(check(config)).toThrow(words);
  });
});

describe('bringWeights', () => {
  it('makes a row of its own that can be remembered and run', async () => {
    const made = await bringWeights(model, artifact, { repo: 'me/wizard-MLC', bytes: 3_000 });
    expect(parseModel(made)).toEqual(made);
    expect(made).toMatchObject({
      name: 'Base (me/wizard-MLC)',
      artifacts: [
        { id: made.id, mlc: { repo: 'me/wizard-MLC' }, approximateBytes: 3_000, unverified: false },
      ],
    });
    const elsewhere = 'https://x.example/w/resolve/main/';
    const other = await bringWeights(model, artifact, { repo: elsewhere });
    expect(parseModel(other).artifacts[0]?.mlc?.repo).toBe(elsewhere);
    expect(other.id).not.toBe(made.id);
  });
});
