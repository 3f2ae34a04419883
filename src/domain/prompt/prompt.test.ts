import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import { parseModel, type PromptTemplate } from '../model/model';
import { buildMessages, IMAGE_MARKER, renderPrompt, splitAtImages } from './prompt';

const row = new URL('../../../static-models/catalog/smollm2-135m-instruct.json', import.meta.url);
const { template } = parseModel(JSON.parse(readFileSync(row, 'utf8')));
const withSource = (source: string): PromptTemplate => ({
  kind: 'jinja',
  source,
  bosToken: '<s>',
  eosToken: '</s>',
  stop: [],
});

/** What `render` throws, as a fault. */
function refusal(render: () => unknown): unknown {
  try {
    render();
  } catch (error) {
    return error instanceof FaultError ? error.fault : error;
  }
  return undefined;
}

describe('renderPrompt', () => {
  it('writes what SmolLM2 was trained on when there is no system text', () => {
    expect(renderPrompt(template, buildMessages(undefined, { prompt: 'How many legs has a cat?' }))).toBe(
      '<|im_start|>system\n' +
        'You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' +
        '<|im_start|>user\n' +
        'How many legs has a cat?<|im_end|>\n' +
        '<|im_start|>assistant\n',
    );
  });

  it("puts the set's system text in place of the model's own", () => {
    expect(renderPrompt(template, buildMessages('Be brief.', { prompt: 'Why?' }))).toBe(
      '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n',
    );
  });

  it('takes the text of a case for text, never for a template', () => {
    const prompt = '{{ bos_token }} {% raw %} {# no #} ${x} <b>\'"&\n\t\u{1f9d9} Мир';
    expect(renderPrompt(template, buildMessages(undefined, { prompt }))).toContain(
      `<|im_start|>user\n${prompt}<|im_end|>\n`,
    );
  });

  it("gives the template the model's special tokens", () => {
    const source = '{{ bos_token }}{{ messages[0].content }}{{ eos_token }}';
    expect(renderPrompt(withSource(source), [{ role: 'user', content: 'x' }])).toBe('<s>x</s>');
  });

  it.each([
    ['that cannot be read', '{% for message in messages %}'],
    ['with an unknown filter', '{{ messages | nonsense }}'],
    ['that refuses the conversation', "{{ raise_exception('roles must alternate') }}"],
  ])('calls a template %s bad input', (_what, source) => {
    const fault = refusal(() => renderPrompt(withSource(source), [{ role: 'user', content: 'x' }]));
    expect(fault).toMatchObject({ kind: 'bad-input', what: 'chat template' });
  });

  it('passes on why a template refuses', () => {
    const source = "{{ raise_exception('roles must alternate') }}";
    expect(refusal(() => renderPrompt(withSource(source), []))).toMatchObject({
      detail: expect.stringContaining('roles must alternate') as unknown,
    });
  });
});

describe('buildMessages', () => {
  it('letters the choices, one a line, below the question', () => {
    expect(buildMessages(undefined, { prompt: 'Which?', choices: ['red', 'B', 'blue'] })).toEqual([
      { role: 'user', content: 'Which?\nA. red\nB. B\nC. blue' },
    ]);
  });

  it('has a letter for every choice that a set may have', () => {
    const choices = Array.from({ length: 26 }, (_, index) => `choice ${index}`);
    expect(buildMessages(undefined, { prompt: 'Which?', choices })[0]?.content).toMatch(/\nZ\. choice 25$/);
  });

  it('puts the system text first, and none when the set has none', () => {
    expect(buildMessages('Be brief.', { prompt: 'Why?' }).map(({ role }) => role)).toEqual([
      'system',
      'user',
    ]);
    expect(buildMessages(undefined, { prompt: 'Why?' }).map(({ role }) => role)).toEqual(['user']);
  });
});

describe('images', () => {
  const messages = buildMessages(undefined, {
    prompt: 'What is it?',
    choices: ['A cat', 'A dog'],
    images: [1, 2],
  });

  it('stand before the question, one a line', () => {
    const text = renderPrompt(withSource('USER: {{ messages[0].content }} ASSISTANT:'), messages);
    expect(text).toBe(`USER: ${IMAGE_MARKER}\n${IMAGE_MARKER}\nWhat is it?\nA. A cat\nB. A dog ASSISTANT:`);
    expect(splitAtImages(text, 2)).toEqual(['USER: ', '\n', '\nWhat is it?\nA. A cat\nB. A dog ASSISTANT:']);
  });

  it('come through a template that takes content in parts, as those of vision models do', () => {
    const source =
      "{% for part in messages[0]['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}" +
      "{% elif part['type'] == 'image' %}<image>{% endif %}{% endfor %}";
    expect(splitAtImages(renderPrompt(withSource(source), messages), 2)).toHaveLength(3);
  });

  it('are as many as the prompt has places for', () => {
    expect(splitAtImages('text', 0)).toEqual(['text']);
    expect(refusal(() => splitAtImages('text', 1))).toMatchObject({ kind: 'bad-input' });
    expect(refusal(() => splitAtImages(`a ${IMAGE_MARKER} marker in the question`, 0))).toMatchObject({
      kind: 'bad-input',
    });
  });
});
