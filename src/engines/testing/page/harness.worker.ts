// Opens engines as the app's worker does, and does what the contract tests ask for.
import { foreignPrompt, IMAGE_MARKER, templatePrompt, type Prompt } from '../../../domain/prompt/pieces';
import { expose } from 'comlink';
import type {
  CompletionEnd,
  CompletionInput,
  Continuation,
  Embedder,
  OpenFile,
  OpenOptions,
  OpenProgress,
  Sampling,
  Session,
  SessionInfo,
} from '../../../domain/engine/engine';
import { toFault, type Fault } from '../../../domain/fault';
import type { Artifact } from '../../../domain/model/model';
import { findGpu } from '../../parts/find-gpu';
import { engineRegistry } from '../../registry';
import { openEmbedder } from '../../transformers';
import { loadWebLlm, openWebLlm } from '../../web-llm';

/** Workers that have been started and not ended: engines have their threads there, and most of their memory. */
const live = new Set<Worker>();
self.Worker = class extends Worker {
  constructor(...args: ConstructorParameters<typeof Worker>) {
    super(...args);
    live.add(this);
  }

  override terminate() {
    live.delete(this);
    super.terminate();
  }
};

interface FileSource {
  readonly name: string;
  /** Joined in order. */
  readonly urls: readonly string[];
  readonly role?: OpenFile['role'];
}

export interface OpenCall {
  readonly engineId: string;
  readonly artifact: Artifact;
  readonly files: readonly FileSource[];
  readonly options: OpenOptions;
  readonly abortAfterMs?: number;
  /** For web-llm: as if the record of the artifact's library told these hashes. */
  readonly integrity?: AppConfig['model_list'][number]['integrity'];
}

function readPrompt(text: string): Prompt {
  return text
    .split(IMAGE_MARKER)
    .flatMap((part, index) => [
      ...(index === 0 ? [] : [{ kind: 'image' as const }]),
      ...templatePrompt(part),
    ]);
}

export interface CompleteCall extends Omit<CompletionInput, 'prompt'> {
  /** As a template's text, with an image at each `IMAGE_MARKER`. */
  readonly prompt: string;
  readonly sampling: Sampling;
  /** Counted from the first token where there is one before. */
  readonly abortAfterMs?: number;
  readonly abortAfterTokens?: number;
}

export interface Completed {
  readonly text: string;
  readonly ids: readonly (number | undefined)[];
  readonly logprobs: readonly (number | undefined)[];
  readonly end?: CompletionEnd;
  readonly fault?: Fault;
}

export type OpenResult =
  | {
      readonly info: SessionInfo;
      readonly acceptsImages: boolean;
      readonly progress: readonly OpenProgress[];
    }
  | { readonly fault: Fault; readonly progress: readonly OpenProgress[] };

let session: Session | undefined;
let embedder: Embedder | undefined;

/** Files are fetched once, however often they are opened. */
const fetched = new Map<string, Promise<Blob>>();

async function fetchFile({ name, urls, role }: FileSource): Promise<OpenFile> {
  const parts = urls.map((url) => {
    const part = fetched.get(url) ?? fetchBlob(url);
    fetched.set(url, part);
    return part;
  });
  return { name, blob: new Blob(await Promise.all(parts)), ...(role !== undefined && { role }) };
}

async function fetchBlob(url: string): Promise<Blob> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.blob();
}

/** Aborts after a time. */
function startTimer(afterMs: number | undefined) {
  const controller = new AbortController();
  const abort = () => {
    controller.abort();
  };
  const timer = afterMs === undefined ? undefined : setTimeout(abort, afterMs);
  return {
    signal: controller.signal,
    abort,
    end: () => {
      clearTimeout(timer);
    },
  };
}

type AppConfig = Awaited<ReturnType<typeof loadWebLlm>>['prebuiltAppConfig'];

async function loadWithIntegrity(modelId: string | undefined, integrity: NonNullable<OpenCall['integrity']>) {
  const library = await loadWebLlm();
  const model_list = library.prebuiltAppConfig.model_list.map((record) =>
    record.model_id === modelId ? { ...record, integrity } : record,
  );
  return { ...library, prebuiltAppConfig: { ...library.prebuiltAppConfig, model_list } };
}

const harness = {
  async open({ engineId, artifact, files, options, abortAfterMs, integrity }: OpenCall): Promise<OpenResult> {
    const engine = engineRegistry.find(({ id }) => id === engineId);
    if (engine === undefined) throw new Error(engineId);
    const opened = await Promise.all(files.map(fetchFile));
    const timer = startTimer(abortAfterMs);
    const progress: OpenProgress[] = [];
    const onProgress = (each: OpenProgress) => progress.push(each);
    try {
      session =
        integrity === undefined
          ? await engine.open(artifact, opened, { ...options, onProgress }, timer.signal)
          : await openWebLlm(
              () => loadWithIntegrity(artifact.mlc?.library, integrity),
              await findGpu(),
              artifact,
              { ...options, onProgress },
              timer.signal,
            );
      return { info: { ...session.info }, acceptsImages: session.acceptsImages === true, progress };
    } catch (error) {
      return { fault: toFault(error), progress };
    } finally {
      timer.end();
    }
  },

  async complete({
    sampling,
    abortAfterMs,
    abortAfterTokens,
    prompt,
    ...input
  }: CompleteCall): Promise<Completed> {
    if (session === undefined) throw new Error('no session');
    const timer = startTimer(abortAfterMs);
    let text = '';
    const ids: (number | undefined)[] = [];
    const logprobs: (number | undefined)[] = [];
    const tokens = session.complete({ ...input, prompt: readPrompt(prompt) }, sampling, timer.signal);
    try {
      for (;;) {
        const next = await tokens.next();
        if (next.done === true) return { text, ids, logprobs, end: next.value };
        text += next.value.text;
        ids.push(next.value.id);
        logprobs.push(next.value.logprob);
        if (ids.length === abortAfterTokens) timer.abort();
      }
    } catch (error) {
      return { text, ids, logprobs, fault: toFault(error) };
    } finally {
      timer.end();
    }
  },

  async score(prompt: string, continuations: readonly string[]): Promise<readonly Continuation[] | Fault> {
    try {
      return (
        (await session?.score?.(foreignPrompt(prompt), continuations, new AbortController().signal)) ?? []
      );
    } catch (error) {
      return toFault(error);
    }
  },

  async openEmbedder(files: readonly FileSource[], dtype: Parameters<typeof openEmbedder>[1]): Promise<void> {
    embedder = await openEmbedder(
      await Promise.all(files.map(fetchFile)),
      dtype,
      new AbortController().signal,
    );
  },

  async embed(texts: readonly string[]): Promise<readonly (readonly number[])[]> {
    const vectors = await embedder?.embed(texts, new AbortController().signal);
    return (vectors ?? []).map((vector) => [...vector]);
  },

  /** @returns how many workers are left */
  async close(): Promise<number> {
    await session?.close();
    await embedder?.close();
    return live.size;
  },
};

export type Harness = typeof harness;

expose(harness);
