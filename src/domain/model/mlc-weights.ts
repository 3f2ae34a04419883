import * as v from 'valibot';
import { badInput } from '../fault';
import { sha256Hex } from '../hash';
import { HUB_URL, parseHubReference } from './hub';
import type { Artifact, Model } from './model';

/** Weights that a person has converted for a row that has none of its own. */
export interface MlcWeights {
  /** As `mlc.repo` of an artifact. */
  readonly repo: string;
  /** Where they are told of. */
  readonly bytes?: number;
}

/** What is read of `mlc-chat-config.json`: mlc_llm's `gen_config` writes it beside the weights. */
const configSchema = v.object({
  quantization: v.pipe(v.string(), v.maxLength(40)),
  model_config: v.optional(
    v.object({
      hidden_size: v.optional(v.number()),
      num_hidden_layers: v.optional(v.number()),
    }),
    {},
  ),
});

const WHAT = 'MLC weights';

/**
 * Where converted weights are, as an artifact's `mlc.repo` names it.
 * @param reference a repo or an address on the Hub, or the https address of a folder elsewhere
 * @throws FaultError `bad-input`
 */
export function findMlcPlace(reference: string, hubUrl = HUB_URL): string {
  const text = reference.trim();
  const place = parseHubReference(text, hubUrl);
  if (place !== undefined) {
    return place.revision === 'main'
      ? place.repo
      : `${HUB_URL}/${place.repo}/resolve/${encodeURIComponent(place.revision)}/`;
  }
  if (text.startsWith('https://') && URL.canParse(text) && text.length <= 1_000) {
    const { origin, pathname } = new URL(text);
    return addResolve(origin + pathname);
  }
  throw badInput(WHAT, 'expected owner/name on the Hub, or the https address of the folder that they are in');
}

/** The folder that files are fetched from, with a slash at its end. */
export function makeMlcUrl(repo: string, hubUrl = HUB_URL): string {
  return repo.startsWith('https://') ? repo : `${hubUrl}/${repo}/resolve/main/`;
}

/** As `cleanModelUrl` of web-llm does: it looks nowhere else. */
function addResolve(url: string): string {
  const folder = url.endsWith('/') ? url : `${url}/`;
  return /.+\/resolve\/.+\//.test(folder) ? folder : `${folder}resolve/main/`;
}

/**
 * Whether weights are what a row's compiled library takes.
 * @param text of `mlc-chat-config.json`
 * @throws FaultError `bad-input`
 */
export function checkMlcConfig(
  text: string,
  { quantization }: Artifact,
  { shape }: Pick<Model, 'shape'>,
): void {
  let config: v.InferOutput<typeof configSchema>;
  try {
    config = v.parse(configSchema, JSON.parse(text));
  } catch {
    throw badInput(WHAT, 'mlc-chat-config.json cannot be read');
  }
  const { hidden_size: width, num_hidden_layers: layers } = config.model_config;
  if (config.quantization !== quantization) {
    throw badInput(WHAT, `they are ${config.quantization}, this variant is ${quantization}`);
  }
  if (shape !== undefined && width !== undefined && width !== shape.embedding) {
    throw badInput(WHAT, `they are ${width} wide, this model is ${shape.embedding}`);
  }
  if (shape !== undefined && layers !== undefined && layers !== shape.layers) {
    throw badInput(WHAT, `they have ${layers} layers, this model has ${shape.layers}`);
  }
}

/** A row of its own for a model with the person's weights. */
export async function bringWeights(
  model: Model,
  artifact: Artifact,
  { repo, bytes }: MlcWeights,
): Promise<Model> {
  if (artifact.mlc === undefined) throw badInput(WHAT, 'this variant takes none');
  const mark = await sha256Hex(new TextEncoder().encode(JSON.stringify([artifact.id, repo])));
  const id = `${artifact.id.slice(0, 60)}-own-${mark.slice(0, 8)}`;
  const { bundled: _bundled, note: _note, instead: _instead, ...row } = model;
  return {
    ...row,
    id,
    name: `${model.name.slice(0, 200)} (${repo.replace(/^https:\/\//, '').slice(0, 150)})`,
    bundled: false,
    artifacts: [
      {
        ...artifact,
        id,
        mlc: { ...artifact.mlc, repo },
        ...(bytes !== undefined && { approximateBytes: bytes }),
        unverified: false,
      },
    ],
  };
}
