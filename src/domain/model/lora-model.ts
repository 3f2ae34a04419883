import * as v from 'valibot';
import { sha256Hex } from '../hash';
import { modelFileSchema, type Artifact, type Model } from './model';
import type { OwnFile } from './own-files';
import type { Setup } from '../run/run';

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(200));

/** As it is remembered. */
export const adapterSchema = v.strictObject({
  file: modelFileSchema,
  name: text,
  /** Of the models that it is for. */
  architecture: text,
  /** It lies in the browser's storage too: it need not be picked again. */
  copied: v.optional(v.boolean(), false),
});

/** A LoRA adapter, as far as its own header tells. */
export type Adapter = v.InferOutput<typeof adapterSchema>;

/** What adding an adapter to a model would do, known from the headers of both. */
export interface LoraPlan {
  /** Of the merged file. */
  readonly bytes: number;
  readonly ranks: readonly [least: number, most: number];
  /** 0 where the adapter names none. */
  readonly alpha: number;
  /** Kinds of matrices that are changed, such as `attn_q`, by the alphabet. */
  readonly targets: readonly string[];
  readonly mergedTensors: number;
  readonly keptTensors: number;
  /** Merged tensors that cannot keep their type. */
  readonly requantised: readonly { readonly from: string; readonly to: string; readonly count: number }[];
  /** Norm vectors in the adapter, which are left out. */
  readonly ignored: number;
}

/** An adapter's short name: that of its file, which a person has chosen it by. */
export function makeAdapter({ file, header }: OwnFile): Adapter {
  const name = file.name.replace(/\.gguf$/i, '').slice(0, 120) || (header.name ?? 'adapter');
  return { file, name, architecture: header.architecture, copied: false };
}

/** Where an adapter is, as its key. */
export function nameAdapter({ file: { sha256, local, url, name } }: Adapter): string {
  return sha256 ?? local ?? url ?? name;
}

export function hasAdapter({ companions }: Artifact): boolean {
  return companions.some(({ kind }) => kind === 'lora');
}

/** The adapters of an artifact, as a run's record has them. @returns undefined where there are none */
export function describeAdapters({ companions }: Artifact): Setup['artifact']['adapters'] {
  const adapters = companions.flatMap(({ kind, file, scale = 1 }) =>
    kind === 'lora' ? [{ name: file.name, scale }] : [],
  );
  return adapters.length === 0 ? undefined : adapters;
}

/**
 * A row of its own for a model with an adapter at a scale: another id for another scale, so that runs, measurements and
 * what is loaded are never taken for each other's.
 */
export async function addAdapter(
  model: Model,
  artifact: Artifact,
  adapter: Adapter,
  scale: number,
  plan: LoraPlan,
): Promise<Model> {
  const mark = await sha256Hex(
    new TextEncoder().encode(JSON.stringify([model.id, artifact.id, nameAdapter(adapter), scale])),
  );
  const id = `${artifact.id.slice(0, 60)}-lora-${mark.slice(0, 8)}`;
  const { bundled: _bundled, note: _note, instead: _instead, ...row } = model;
  const types = [...new Set(plan.requantised.map(({ to }) => to))];
  return {
    ...row,
    id,
    name: `${model.name.slice(0, 250)} + ${adapter.name} × ${scale}`,
    bundled: false,
    artifacts: [
      {
        ...artifact,
        id,
        quantization: [artifact.quantization, ...(scale === 0 ? [] : types)].join(' + ').slice(0, 400),
        companions: [...artifact.companions, { kind: 'lora', file: adapter.file, scale }],
        // Nothing is merged at 0.
        ...(scale !== 0 && { mergedBytes: plan.bytes }),
      },
    ],
  };
}
