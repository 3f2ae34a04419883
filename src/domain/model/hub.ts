import * as v from 'valibot';
import { badInput } from '../fault';
import { parseWith } from '../parse';

export const HUB_URL = 'https://huggingface.co';

/** A repo on the Hub, as a person names it. */
export interface HubReference {
  /** `owner/name`. */
  readonly repo: string;
  readonly revision: string;
  /** Of a file or a folder in it. */
  readonly path?: string;
}

export interface HubModel {
  readonly repo: string;
  readonly downloads: number;
  readonly likes: number;
  /** Its files want an account that has agreed to terms: they cannot be fetched from here. */
  readonly gated: boolean;
  /** Milliseconds since 1970. */
  readonly updatedAt?: number;
}

export interface HubFile {
  readonly path: string;
  readonly bytes: number;
  /** Of the whole file, where the Hub keeps it as a large file. */
  readonly sha256?: string;
  readonly url: string;
}

/** The files of a repo that an engine here can use. */
export interface HubRepo extends HubReference {
  readonly gguf: readonly HubFile[];
  readonly onnx: readonly HubFile[];
  /** With its configuration and tokenizer; empty unless the repo holds MLC weights. */
  readonly mlc: readonly HubFile[];
}

const REPO = /^[A-Za-z0-9][\w.-]{0,95}\/[A-Za-z0-9][\w.-]{0,95}$/;
const HOSTS = ['huggingface.co', 'www.huggingface.co', 'hf.co'];
/** First parts of paths that are no owners. */
const NOT_OWNERS = ['datasets', 'spaces', 'docs', 'blog', 'models', 'api', 'collections', 'papers'];

/**
 * A repo id, or any address of a repo, folder or file on the Hub.
 * @param hubUrl of a stand-in for the Hub, besides the Hub itself
 * @returns undefined for anything else
 */
export function parseHubReference(text: string, hubUrl = HUB_URL): HubReference | undefined {
  const trimmed = text.trim();
  if (REPO.test(trimmed)) return { repo: trimmed, revision: 'main' };
  const address = /^(www\.)?(huggingface|hf)\.co\//.test(trimmed) ? `https://${trimmed}` : trimmed;
  if (address.length > 2_000 || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (url.origin !== new URL(hubUrl).origin && !HOSTS.includes(url.host)) return undefined;
  let parts: string[];
  try {
    parts = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
  } catch {
    return undefined;
  }
  const [owner = '', name = '', view, revision = 'main', ...path] = parts;
  const repo = `${owner}/${name}`;
  if (!REPO.test(repo) || NOT_OWNERS.includes(owner)) return undefined;
  const isInside = view !== undefined && ['tree', 'blob', 'resolve', 'raw'].includes(view);
  return {
    repo,
    revision: isInside ? revision : 'main',
    ...(isInside && path.length > 0 && { path: path.join('/') }),
  };
}

/** Where a file of a repo is fetched from. */
export function makeFileUrl({ repo, revision }: HubReference, path: string, hubUrl = HUB_URL): string {
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  return `${hubUrl}/${repo}/resolve/${encodeURIComponent(revision)}/${encoded}`;
}

const count = v.fallback(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0);
const modelSchema = v.object({
  name: v.pipe(v.string(), v.regex(REPO)),
  downloads: count,
  likes: count,
  gated: v.fallback(v.union([v.boolean(), v.string()]), false),
  updatedAt: v.fallback(v.optional(v.pipe(v.date())), undefined),
});

/** One hit of a search, as `listModels` of @huggingface/hub gives it. @throws FaultError `bad-input` */
export function parseHubModel(input: unknown): HubModel {
  const { name, downloads, likes, gated, updatedAt } = parseWith(modelSchema, input, 'answer of the Hub');
  return {
    repo: name,
    downloads,
    likes,
    gated: gated !== false,
    ...(updatedAt !== undefined && { updatedAt: updatedAt.getTime() }),
  };
}

const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const entrySchema = v.object({
  type: v.string(),
  // Half a character cannot stand in an address.
  path: v.pipe(v.string(), v.minLength(1), v.maxLength(1_000), v.regex(/^\P{Surrogate}*$/u)),
  size,
  lfs: v.optional(v.object({ oid: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)), size })),
});

/**
 * One entry of a repo, as `listFiles` of @huggingface/hub gives it.
 * @returns undefined for a folder and for an empty file
 * @throws FaultError `bad-input`
 */
export function parseHubFile(input: unknown, reference: HubReference, hubUrl = HUB_URL): HubFile | undefined {
  const { type, path, size: bytes, lfs } = parseWith(entrySchema, input, 'answer of the Hub');
  if (path.split('/').includes('..')) throw badInput('answer of the Hub', `a path that leads out: ${path}`);
  const whole = lfs?.size ?? bytes;
  if (type !== 'file' || whole === 0) return undefined;
  return {
    path,
    bytes: whole,
    ...(lfs !== undefined && { sha256: lfs.oid }),
    url: makeFileUrl(reference, path, hubUrl),
  };
}

/** Picks what engines here can use. */
export function sortHubFiles(reference: HubReference, files: readonly HubFile[]): HubRepo {
  const isMlc = files.some(({ path }) => path === 'mlc-chat-config.json');
  return {
    ...reference,
    gguf: files.filter(({ path }) => /\.gguf$/i.test(path)),
    onnx: files.filter(({ path }) => /\.onnx(_data(_\d+)?)?$/i.test(path)),
    mlc: isMlc
      ? files.filter(({ path }) => /^(params_shard_\d+\.bin|[^/]+\.(json|model|txt))$/.test(path))
      : [],
  };
}
