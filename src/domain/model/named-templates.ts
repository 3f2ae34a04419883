import type { GgufHeader } from './gguf-header';

/** A chat template for files that carry none, as files before 2024 do. */
export interface NamedTemplate {
  readonly id: string;
  /** Jinja source. */
  readonly source: string;
  readonly stop: readonly string[];
  /** What the model was tuned for. */
  readonly turns: 'many' | 'one' | 'base';
}

/** Stands for a message's text. */
const CONTENT = '\u0000';

/** As an expression: Jinja would eat newlines at the edge of a block. No text here has double quotes. */
const say = (text: string) =>
  `{{ ${text
    .split(CONTENT)
    .map((each) => `"${each}"`)
    .join(" + message['content'] + ")} }}`;

/** Every message in the form of its role, then the opening of the answer. */
const turns = (system: string, user: string, assistant: string, opening: string) =>
  `{% for message in messages %}{% if message['role'] == 'system' %}${say(system)}{% elif message['role'] == 'user' %}${say(user)}{% else %}${say(assistant)}{% endif %}{% endfor %}{% if add_generation_prompt %}${say(opening)}{% endif %}`;
/** A system text of the conversation replaces the one that the model was tuned with. */
const withDefaultSystem = (text: string, rest: string) =>
  `{% if messages[0]['role'] != 'system' %}${say(text)}{% endif %}${rest}`;

const WIZARD_7B: NamedTemplate = {
  id: 'wizardlm-7b',
  source: turns(`${CONTENT}\n\n`, CONTENT, `\n\n### Response:${CONTENT}\n\n`, '\n\n### Response:'),
  stop: [],
  turns: 'one',
};
const VICUNA: NamedTemplate = {
  id: 'vicuna',
  source: withDefaultSystem(
    "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the user's questions. ",
    turns(`${CONTENT} `, `USER: ${CONTENT} `, `ASSISTANT: ${CONTENT}</s>`, 'ASSISTANT:'),
  ),
  stop: ['</s>', 'USER:'],
  turns: 'many',
};
const ALPACA: NamedTemplate = {
  id: 'alpaca',
  source: withDefaultSystem(
    'Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n',
    turns(
      `${CONTENT}\n\n`,
      `### Instruction:\n${CONTENT}\n\n`,
      `### Response:${CONTENT}\n\n`,
      '### Response:',
    ),
  ),
  stop: ['### Instruction:'],
  turns: 'one',
};
const CHATML: NamedTemplate = {
  id: 'chatml',
  source:
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
  stop: ['<|im_end|>'],
  turns: 'many',
};
const LLAMA_2: NamedTemplate = {
  id: 'llama-2',
  source:
    "{% for message in messages %}{% if message['role'] == 'system' %}{{ '[INST] <<SYS>>\n' + message['content'] + '\n<</SYS>>\n\n' }}{% elif message['role'] == 'user' %}{% if loop.first or messages[0]['role'] != 'system' or loop.index > 2 %}{{ '[INST] ' }}{% endif %}{{ message['content'] + ' [/INST]' }}{% else %}{{ ' ' + message['content'] + ' </s><s>' }}{% endif %}{% endfor %}",
  stop: ['</s>'],
  turns: 'many',
};
const LLAMA_3: NamedTemplate = {
  id: 'llama-3',
  source:
    "{% for message in messages %}{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] + '<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}",
  stop: ['<|eot_id|>'],
  turns: 'many',
};
const GEMMA: NamedTemplate = {
  id: 'gemma',
  source:
    "{% for message in messages %}{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else 'user') + '\n' + message['content'] + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}",
  stop: ['<end_of_turn>'],
  turns: 'many',
};
const ZEPHYR: NamedTemplate = {
  id: 'zephyr',
  source:
    "{% for message in messages %}{{ '<|' + message['role'] + '|>\n' + message['content'] + '</s>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}",
  stop: ['</s>'],
  turns: 'many',
};
const HUMAN_RESPONSE: NamedTemplate = {
  id: 'human-response',
  source: turns(
    `${CONTENT}\n\n`,
    `### HUMAN:\n${CONTENT}\n\n`,
    `### RESPONSE:\n${CONTENT}\n\n`,
    '### RESPONSE:\n',
  ),
  stop: ['### HUMAN:'],
  turns: 'many',
};
const ORCA_MINI: NamedTemplate = {
  id: 'orca-mini',
  source: turns(
    `### System:\n${CONTENT}\n\n`,
    `### User:\n${CONTENT}\n\n`,
    `### Response:\n${CONTENT}\n\n`,
    '### Response:\n',
  ),
  stop: ['### User:'],
  turns: 'many',
};
const RED_PAJAMA: NamedTemplate = {
  id: 'redpajama',
  source: turns(`${CONTENT}\n`, `<human>: ${CONTENT}\n`, `<bot>: ${CONTENT}\n`, '<bot>:'),
  stop: ['<human>'],
  turns: 'many',
};

/** In this order: the narrower name first. Forms as their makers' pages give them. */
const BY_NAME: readonly (readonly [RegExp, NamedTemplate])[] = [
  [/wizard-?_?(math|coder)/, ALPACA],
  [/wizard-?_?lm.*(13b|70b|-2-|_2_|v1\.[12]|v1\.0-uncensored)/, VICUNA],
  [/wizard-?_?lm/, WIZARD_7B],
  [/wizard-?_?evol/, HUMAN_RESPONSE],
  [/vicuna|llava-?v?1\.5/, VICUNA],
  [/orca[-_]?mini/, ORCA_MINI],
  [/redpajama.*chat/, RED_PAJAMA],
  [/tinyllama.*chat|zephyr/, ZEPHYR],
  [/llama-?_?2.*chat|mistral.*instruct|mixtral.*instruct/, LLAMA_2],
  [/llama-?_?3.*instruct/, LLAMA_3],
  [/alpaca|guanaco|airoboros/, ALPACA],
];
const BY_TOKEN: readonly (readonly [string, NamedTemplate])[] = [
  ['<|im_start|>', CHATML],
  ['<|start_header_id|>', LLAMA_3],
  ['<start_of_turn>', GEMMA],
  ['<|user|>', ZEPHYR],
];

/** For a model that nothing is known of: a form that models without any tuning follow too. */
export const PLAIN_TEMPLATE: NamedTemplate = {
  id: 'plain',
  source: turns(
    `${CONTENT}\n\n`,
    `### Instruction:\n${CONTENT}\n\n`,
    `### Response:\n${CONTENT}\n\n`,
    '### Response:\n',
  ),
  stop: ['### Instruction:'],
  turns: 'one',
};

/** By the names of the model and its file, then by the special tokens of its vocabulary. */
export function findNamedTemplate(
  { name = '', chatTokens }: Pick<GgufHeader, 'name' | 'chatTokens'>,
  fileName: string,
): NamedTemplate | undefined {
  for (const text of [fileName, name].map((each) => each.toLowerCase().replaceAll(' ', '-'))) {
    const found = BY_NAME.find(([pattern]) => pattern.test(text));
    if (found !== undefined) return found[1];
  }
  return BY_TOKEN.find(([token]) => chatTokens.includes(token))?.[1];
}
