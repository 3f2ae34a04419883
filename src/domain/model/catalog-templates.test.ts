import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseModel } from './model';
import { promptText } from '../prompt/pieces';
import { renderPrompt, type Message } from '../prompt/prompt';

const catalogFolder = join(import.meta.dirname, '../../../static-models/catalog');
const models = readdirSync(catalogFolder).map((name) =>
  parseModel(JSON.parse(readFileSync(join(catalogFolder, name), 'utf8'))),
);

const QUESTION = 'What has keys but can’t open locks?';
const question: Message = { role: 'user', content: QUESTION };
const conversation: readonly Message[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'One?' },
  { role: 'assistant', content: 'Two.' },
  { role: 'user', content: 'Three?' },
];
const VICUNA =
  "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the user's questions.";
const ALPACA =
  'Below is an instruction that describes a task. Write a response that appropriately completes the request.';

function render(modelId: string, messages: readonly Message[]): string {
  const model = models.find(({ id }) => id === modelId);
  if (model === undefined) throw new Error(`no row ${modelId}`);
  return promptText(renderPrompt(model.template, messages));
}

describe('the template of', () => {
  it.each(models.map((model): [string, typeof model] => [model.id, model]))(
    '%s renders one question, once and whole',
    (_id, { template }) => {
      const prompt = promptText(renderPrompt(template, [question]));
      expect(prompt.split(QUESTION)).toHaveLength(2);
      // Engines write the token that begins a text themselves: twice would change the answers.
      if (template.bosToken === '<s>') expect(prompt).not.toContain('<s>');
      for (const stop of template.stop) expect(stop).not.toBe(prompt.slice(-stop.length));
    },
  );

  it.each(models.map((model): [string, typeof model] => [model.id, model]))(
    '%s keeps every part of a conversation, in order',
    (_id, { template }) => {
      const prompt = promptText(renderPrompt(template, conversation));
      const at = conversation.map(({ content }) => prompt.indexOf(content));
      expect(at).not.toContain(-1);
      expect(at).toEqual([...at].sort((a, b) => a - b));
    },
  );

  // From the README of WizardLM and from its training code: no name of a role, no line after the colon.
  it('WizardLM 7B', () => {
    expect(render('wizardlm-7b', [question])).toBe(`${QUESTION}\n\n### Response:`);
    expect(render('wizardlm-7b-uncensored', [question])).toBe(`${QUESTION}\n\n### Response:`);
  });

  // FastChat's vicuna_v1.1.
  it.each(['vicuna-7b-v1.5', 'wizardlm-13b-v1.2', 'wizardlm-2-7b'])('Vicuna: %s', (id) => {
    expect(render(id, [question])).toBe(`${VICUNA} USER: ${QUESTION} ASSISTANT:`);
    expect(render(id, conversation)).toBe('Be brief. USER: One? ASSISTANT: Two.</s>USER: Three? ASSISTANT:');
  });

  it.each(['wizardmath-7b-v1.1', 'wizardcoder-1b', 'cerebras-gpt-111m'])('Alpaca: %s', (id) => {
    expect(render(id, [question])).toBe(`${ALPACA}\n\n### Instruction:\n${QUESTION}\n\n### Response:`);
  });

  it('Llama 2', () => {
    expect(render('llama-2-7b-chat', [question])).toBe(`[INST] ${QUESTION} [/INST]`);
    expect(render('llama-2-7b-chat', conversation)).toBe(
      '[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nOne? [/INST] Two. </s><s>[INST] Three? [/INST]',
    );
  });

  it('Mistral, as LLaVA 1.6 has it', () => {
    expect(render('llava-1.6-mistral-7b', [question])).toBe(`[INST] ${QUESTION} [/INST]`);
  });

  it('ChatML, with the system text that the model was tuned with', () => {
    expect(render('qwen2.5-0.5b-instruct', [question])).toBe(
      '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n' +
        `<|im_start|>user\n${QUESTION}<|im_end|>\n<|im_start|>assistant\n`,
    );
    const bundled = render('smollm2-135m-instruct', [question]);
    expect(bundled).toBe(
      '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' +
        `<|im_start|>user\n${QUESTION}<|im_end|>\n<|im_start|>assistant\n`,
    );
    for (const id of ['smollm2-360m-instruct', 'smollm2-1.7b-instruct']) {
      expect(render(id, [question])).toBe(bundled);
      expect(render(id, conversation)).toBe(render('smollm2-135m-instruct', conversation));
    }
  });

  it('Qwen3, which forgets what it thought in earlier turns', () => {
    expect(render('qwen3-0.6b', [question])).toBe(
      `<|im_start|>user\n${QUESTION}<|im_end|>\n<|im_start|>assistant\n`,
    );
    const thought = render('qwen3-0.6b', [
      question,
      { role: 'assistant', content: '<think>\nhmm\n</think>\n\nA piano.' },
      question,
    ]);
    expect(thought).toContain('<|im_start|>assistant\nA piano.<|im_end|>');
    expect(thought).not.toContain('hmm');
    expect(render('qwen3-1.7b', conversation)).toBe(render('qwen3-0.6b', conversation));
  });

  // Without a date from outside, the template of Llama 3.2 names this one.
  it('Llama 3.2', () => {
    const system =
      '<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n';
    const turn = (role: string, text: string) =>
      `<|start_header_id|>${role}<|end_header_id|>\n\n${text}<|eot_id|>`;
    const answer = '<|start_header_id|>assistant<|end_header_id|>\n\n';
    expect(render('llama-3.2-1b-instruct', [question])).toBe(
      `${system}<|eot_id|>${turn('user', QUESTION)}${answer}`,
    );
    expect(render('llama-3.2-1b-instruct', conversation)).toBe(
      `${system}Be brief.<|eot_id|>${turn('user', 'One?')}${turn('assistant', 'Two.')}${turn('user', 'Three?')}${answer}`,
    );
  });

  it('Gemma 3, which has no turn for a system text', () => {
    expect(render('gemma-3-1b-it', [question])).toBe(
      `<start_of_turn>user\n${QUESTION}<end_of_turn>\n<start_of_turn>model\n`,
    );
    expect(render('gemma-3-1b-it', conversation)).toBe(
      '<start_of_turn>user\nBe brief.\n\nOne?<end_of_turn>\n<start_of_turn>model\nTwo.<end_of_turn>\n' +
        '<start_of_turn>user\nThree?<end_of_turn>\n<start_of_turn>model\n',
    );
  });

  it('Zephyr, as TinyLlama has it', () => {
    expect(render('tinyllama-1.1b-chat', conversation)).toBe(
      '<|system|>\nBe brief.</s>\n<|user|>\nOne?</s>\n<|assistant|>\nTwo.</s>\n<|user|>\nThree?</s>\n<|assistant|>\n',
    );
  });

  it('RedPajama', () => {
    expect(render('redpajama-incite-chat-3b', [question])).toBe(`<human>: ${QUESTION}\n<bot>:`);
  });

  it('OpenLLaMA Wizard', () => {
    expect(render('openllama-3b-wizard', [question])).toBe(`### HUMAN:\n${QUESTION}\n\n### RESPONSE:\n`);
  });

  it.each(models.filter(({ turns }) => turns === 'base').map(({ id }) => id))('base model: %s', (id) => {
    expect(render(id, [question])).toBe(QUESTION);
  });

  it('SmolVLM, with and without an image', () => {
    expect(render('smolvlm-256m-instruct', [question])).toBe(
      `<|im_start|>User: ${QUESTION}<end_of_utterance>\nAssistant:`,
    );
    expect(render('smolvlm-500m-instruct', [{ role: 'user', content: '<image>What is it?' }])).toBe(
      '<|im_start|>User:<image>What is it?<end_of_utterance>\nAssistant:',
    );
  });
});
