/** Characters of JSON that a job may return. */
export const MAX_RESULT_CHARACTERS = 20_000;

type Work =
  | { readonly kind: 'regex'; readonly pattern: string; readonly flags: string; readonly text: string }
  | {
      readonly kind: 'match';
      readonly pattern: string;
      readonly flags: string;
      readonly text: string;
      readonly at: number;
    }
  | { readonly kind: 'remove'; readonly pattern: string; readonly flags: string; readonly text: string }
  | { readonly kind: 'schema'; readonly schema: unknown; readonly texts: readonly string[] }
  | {
      readonly kind: 'script';
      readonly source: string;
      readonly output: unknown;
      readonly variables: Readonly<Record<string, unknown>>;
    };

export type SandboxWork = Work;
export type SandboxJob = Work & { readonly id: number };

export type SandboxMessage =
  /** The ways out that foreign code has; while there is one, scripts must not run. */
  | { readonly type: 'ready'; readonly waysOut: readonly string[] }
  /** `json` is empty for `undefined`. */
  | { readonly type: 'done'; readonly id: number; readonly json: string }
  | {
      readonly type: 'failed';
      readonly id: number;
      readonly code: 'too-large' | 'bad-options' | 'threw';
      readonly detail: string;
    };
