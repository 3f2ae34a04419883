import { FaultError } from '../fault';
import { sha256Hex } from '../hash';
import { readChatTemplate } from '../jinja/render';
import type { Adapter } from './lora-model';
import type { Model, ModelFile, PromptTemplate } from './model';
import { findNamedTemplate, PLAIN_TEMPLATE, type NamedTemplate } from './named-templates';
import type { OwnFiles } from './own-files';

/** A model made from the headers of its files, and what the person should know of how. */
export interface InspectedModel {
  readonly model: Model;
  /**
   * Where the chat template comes from: the file; the model's name or its tokens, by a known form; or nowhere, and it
   * is a plain instruction form. `base`: from the model that this one was made of.
   */
  readonly templateFrom: 'file' | 'name' | 'plain' | 'base';
  /** The known form's name, where it is one. */
  readonly templateName?: string;
}

/** What picked or found files are: a model, or an adapter that wants one. */
export type Inspected = InspectedModel | { readonly adapter: Adapter };

/** Where a header tells no context length; every engine takes a shorter one. */
const USUAL_CONTEXT_TOKENS = 2048;

/**
 * A model's row from the headers of its files, as a catalog row is.
 * @param source the page that a reader finds the model at
 */
export async function makeGgufModel(
  { weights, companions }: OwnFiles,
  source: string | undefined,
): Promise<InspectedModel> {
  const [{ file, header }] = weights;
  const name = (header.name ?? stripSuffix(file.name)).slice(0, 400);
  const fingerprint = await nameFiles(weights.map((own) => own.file));
  const id = `${makeSlug(stripSuffix(file.name)).slice(0, 60)}-${fingerprint}`;
  const { template, turns, ...from } = chooseTemplate(header, file.name);
  const parameters = weights.reduce((sum, own) => sum + own.header.parameters, 0);
  const architecture = makeSlug(header.architecture);
  return {
    ...from,
    model: {
      id,
      name,
      family: header.architecture,
      parameters,
      licence: header.licence ?? 'unknown',
      source: source ?? header.origin ?? `https://huggingface.co/models?search=${encodeURIComponent(name)}`,
      bundled: false,
      architecture,
      ...(header.shape !== undefined && { shape: header.shape }),
      turns,
      vision: companions.some(({ kind }) => kind === 'mmproj'),
      template,
      artifacts: [
        {
          id,
          format: 'gguf',
          quantization: header.quantization,
          contextTokens: header.contextTokens ?? USUAL_CONTEXT_TOKENS,
          files: weights.map((own) => own.file),
          companions: companions.map(({ kind, own }) => ({ kind, file: own.file })),
          unverified: false,
        },
      ],
    },
  };
}

type Choice = Omit<InspectedModel, 'model'> & {
  readonly template: PromptTemplate;
  readonly turns: Model['turns'];
};

function chooseTemplate(header: OwnFiles['weights'][0]['header'], fileName: string): Choice {
  const { chatTemplate, bosToken = '', eosToken = '', endTokens } = header;
  const withTokens = (source: string, stop: readonly string[]): PromptTemplate => ({
    kind: 'jinja',
    source,
    bosToken,
    eosToken,
    stop: [...new Set([...stop, ...endTokens])],
  });
  if (chatTemplate !== undefined && isReadable(chatTemplate)) {
    return { templateFrom: 'file', turns: 'many', template: withTokens(chatTemplate, []) };
  }
  const known = findNamedTemplate(header, fileName);
  const { source, stop, turns, id }: NamedTemplate = known ?? PLAIN_TEMPLATE;
  return {
    templateFrom: known === undefined ? 'plain' : 'name',
    templateName: id,
    turns,
    template: withTokens(source, stop),
  };
}

/** Whether a question can be asked with it here; one that refuses conversations of a kind in its own words can. */
function isReadable(source: string): boolean {
  try {
    return (
      readChatTemplate(source).render({
        messages: [{ role: 'user', content: '?' }],
        bos_token: '',
        eos_token: '',
        add_generation_prompt: true,
      }) !== ''
    );
  } catch (error) {
    return (
      error instanceof FaultError &&
      'detail' in error.fault &&
      error.fault.detail.startsWith('TemplateError: ')
    );
  }
}

/** Tells files apart that have the same name. */
async function nameFiles(files: readonly ModelFile[]): Promise<string> {
  const places = files.map(({ local, url, sha256 }) => sha256 ?? local ?? url);
  return (await sha256Hex(new TextEncoder().encode(JSON.stringify(places)))).slice(0, 8);
}

function stripSuffix(fileName: string): string {
  return fileName.replace(/(-\d{5}-of-\d{5})?\.gguf$/i, '') || fileName;
}

function makeSlug(text: string): string {
  return (
    text
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, '-')
      .replace(/^[^a-z0-9]+/, '')
      .slice(0, 80) || 'model'
  );
}
