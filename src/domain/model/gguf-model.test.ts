import { describe, expect, it } from 'vitest';
import type { GgufHeader } from './gguf-header';
import { makeGgufModel } from './gguf-model';
import { parseModel } from './model';
import { groupOwnFiles, listPartUrls, type OwnFile } from './own-files';
import { FaultError } from '../fault';
import { promptText } from '../prompt/pieces';
import { renderPrompt, type Message } from '../prompt/prompt';

const header: GgufHeader = {
  architecture: 'llama',
  kind: 'model',
  name: 'Some Model 7B',
  quantization: 'Q4_0',
  parameters: 7,
  contextTokens: 2048,
  bosToken: '<s>',
  eosToken: '</s>',
  endTokens: ['</s>'],
  chatTokens: [],
  shape: { layers: 2, embedding: 8, keyValueHeads: 1, headSize: 4, vocabulary: 10 },
};
const own = (name: string, changes: Partial<GgufHeader> = {}): OwnFile => ({
  file: { name, bytes: 100, local: `key of ${name}` },
  header: { ...header, ...changes },
});
const part = (number: number, count: number, name = `model-0000${number}-of-0000${count}.gguf`) =>
  own(name, { part: { number, count } });

function refusal(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error instanceof FaultError ? error.fault : error;
  }
}

const ask: readonly Message[] = [{ role: 'user', content: 'Why?' }];
const inspect = (name: string, changes: Partial<GgufHeader> = {}) =>
  makeGgufModel(groupOwnFiles([own(name, changes)]), undefined);
const promptOf = async (name: string, messages = ask, changes: Partial<GgufHeader> = {}) =>
  promptText(renderPrompt((await inspect(name, { name: '', ...changes })).model.template, messages));

describe('makeGgufModel', () => {
  it('makes a row that a catalog could have', async () => {
    const { model } = await makeGgufModel(
      groupOwnFiles([own('Some Model (7B).Q4_0.gguf'), own('mmproj-x.gguf', { kind: 'mmproj' })]),
      undefined,
    );
    expect(parseModel(JSON.parse(JSON.stringify(model)))).toEqual(model);
    expect(model).toMatchObject({
      name: 'Some Model 7B',
      licence: 'unknown',
      architecture: 'llama',
      vision: true,
      shape: header.shape,
    });
    expect(model.artifacts[0]?.companions).toEqual([
      { kind: 'mmproj', file: { name: 'mmproj-x.gguf', bytes: 100, local: 'key of mmproj-x.gguf' } },
    ]);
  });

  it('tells apart files of one name from two places', async () => {
    const first = await inspect('model.gguf');
    const second = await makeGgufModel(
      groupOwnFiles([{ header, file: { name: 'model.gguf', bytes: 100, local: 'another key' } }]),
      undefined,
    );
    expect(first.model.id).not.toBe(second.model.id);
    expect(first.model.artifacts[0]?.id).toBe((await inspect('model.gguf')).model.artifacts[0]?.id);
  });

  it.each(['', '.gguf', '模型.gguf', 'A'.repeat(300) + '.gguf', '-._.gguf'])(
    'makes a valid row of the name %j',
    async (name) => {
      const { model } = await makeGgufModel(
        groupOwnFiles([
          { header: { ...header, name: 'x' }, file: { name: name || 'x', bytes: 1, local: 'k' } },
        ]),
        undefined,
      );
      expect(() => parseModel(model)).not.toThrow();
    },
  );

  it("takes the file's own chat template, and stops at its end tokens", async () => {
    const { model, templateFrom } = await inspect('wizardlm-7b.gguf', {
      chatTemplate: "{{ bos_token + messages[0]['content'] }}",
      endTokens: ['</s>', '<|eot_id|>'],
    });
    expect(templateFrom).toBe('file');
    expect(promptText(renderPrompt(model.template, ask))).toBe('<s>Why?');
    expect(model.template.stop).toEqual(['</s>', '<|eot_id|>']);
  });

  it('does not take a template that cannot be read', async () => {
    const { templateFrom, templateName } = await inspect('wizardlm-7b.gguf', { chatTemplate: '{% if %}{{' });
    expect({ templateFrom, templateName }).toEqual({ templateFrom: 'name', templateName: 'wizardlm-7b' });
  });

  it('shows that it knows nothing of a model, and asks it plainly', async () => {
    const { model, templateFrom } = await inspect('unheard-of.gguf');
    expect(templateFrom).toBe('plain');
    expect(model.turns).toBe('one');
    expect(promptText(renderPrompt(model.template, ask))).toBe('### Instruction:\nWhy?\n\n### Response:\n');
  });
});

describe('a template known by name', () => {
  const vicuna =
    'A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, ' +
    "detailed, and polite answers to the user's questions. USER: Why? ASSISTANT:";
  const alpaca =
    'Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n' +
    '### Instruction:\nWhy?\n\n### Response:';

  it.each([
    ['wizardLM-7B.Q4_0.gguf', 'Why?\n\n### Response:'],
    ['WizardLM-7B-uncensored.Q2_K.gguf', 'Why?\n\n### Response:'],
    ['wizardlm-7b-v1.0-uncensored.Q4_K_M.gguf', vicuna],
    ['wizardlm-13b-v1.2.Q4_0.gguf', vicuna],
    ['WizardLM-2-7B.Q4_K_M.gguf', vicuna],
    ['vicuna-7b-v1.5.Q4_K_M.gguf', vicuna],
    ['wizardmath-7b-v1.1.Q4_K_M.gguf', alpaca],
    ['WizardCoder-Python-7B-V1.0.gguf', alpaca],
    ['open-llama-3b-v2-wizard-evol-instuct-v2-196k.Q4_0.gguf', '### HUMAN:\nWhy?\n\n### RESPONSE:\n'],
    ['orca-mini-3b-gguf2-q4_0.gguf', '### User:\nWhy?\n\n### Response:\n'],
    ['redpajama-incite-chat-3b-v1.gguf', '<human>: Why?\n<bot>:'],
    ['tinyllama-1.1b-chat-v1.0.Q4_0.gguf', '<|user|>\nWhy?</s>\n<|assistant|>\n'],
    ['llama-2-7b-chat.Q4_0.gguf', '[INST] Why? [/INST]'],
  ])('of %s', async (name, prompt) => {
    expect(await promptOf(name)).toBe(prompt);
  });

  it.each([
    ['<|im_start|>', '<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n'],
    [
      '<|start_header_id|>',
      '<|start_header_id|>user<|end_header_id|>\n\nWhy?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n',
    ],
    ['<start_of_turn>', '<start_of_turn>user\nWhy?<end_of_turn>\n<start_of_turn>model\n'],
  ])('or by the token %s', async (token, prompt) => {
    expect(await promptOf('unheard-of.gguf', ask, { chatTokens: [token] })).toBe(prompt);
  });

  it("keeps a set's system text", async () => {
    const messages: readonly Message[] = [{ role: 'system', content: 'Be brief.' }, ...ask];
    expect(await promptOf('vicuna-7b.gguf', messages)).toBe('Be brief. USER: Why? ASSISTANT:');
    expect(await promptOf('llama-2-7b-chat.gguf', messages)).toBe(
      '[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nWhy? [/INST]',
    );
  });
});

describe('groupOwnFiles', () => {
  it('puts the parts of a split file in order', () => {
    const { weights } = groupOwnFiles([part(3, 3), part(1, 3), part(2, 3)]);
    expect(weights.map(({ header: { part: each } }) => each?.number)).toEqual([1, 2, 3]);
  });

  it('takes a projector and adapters with the model', () => {
    const { weights, companions } = groupOwnFiles([
      own('mmproj.gguf', { kind: 'mmproj' }),
      own('model.gguf'),
      own('lora.gguf', { kind: 'lora' }),
    ]);
    expect(weights.map(({ file }) => file.name)).toEqual(['model.gguf']);
    expect(companions.map(({ kind }) => kind)).toEqual(['mmproj', 'lora']);
  });

  it.each<[what: string, files: readonly OwnFile[], detail: RegExp]>([
    ['nothing', [], /no weights/],
    ['a projector alone', [own('m.gguf', { kind: 'mmproj' })], /no weights/],
    ['two models', [own('a.gguf'), own('b.gguf')], /two models/],
    ['a part and another model', [part(1, 2), own('b.gguf')], /two models/],
    ['parts of two models', [part(1, 2), part(2, 2, 'other-00002-of-00002.gguf')], /two models/],
    ['a missing part', [part(1, 3), part(3, 3)], /1 of 3 parts are missing: 2/],
    ['a part twice', [part(1, 2), part(2, 2), part(2, 2)], /twice/],
    [
      'two projectors',
      [own('a.gguf'), own('b.gguf', { kind: 'mmproj' }), own('c.gguf', { kind: 'mmproj' })],
      /two projectors/,
    ],
  ])('refuses %s', (_what, files, detail) => {
    expect(refusal(() => groupOwnFiles(files))).toMatchObject({
      kind: 'bad-input',
      what: 'files',
      detail: expect.stringMatching(detail) as string,
    });
  });
});

describe('listPartUrls', () => {
  it('knows all parts by any one', () => {
    const url = (number: number) =>
      `https://x.example/a/resolve/main/m-0000${number}-of-00003.gguf?download=true`;
    expect(listPartUrls(url(2))).toEqual([url(1), url(2), url(3)]);
  });

  it.each([
    'https://x.example/model.gguf',
    'https://x.example/m-00004-of-00003.gguf',
    'https://x.example/m-00001-of-99999.gguf',
  ])('leaves %s alone', (url) => expect(listPartUrls(url)).toEqual([url]));
});
