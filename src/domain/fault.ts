/**
 * Everything that can go wrong, as plain data: it crosses the worker, the database and the link unchanged.
 * Only `ui/` turns a fault into words.
 */
export type Fault =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'unsupported'; readonly detail: string }
  | {
      readonly kind: 'download';
      readonly url: string;
      readonly status?: number;
      /** When a host that answers too many requests wants to be asked again. */
      readonly retryAfterSeconds?: number;
      readonly detail: string;
    }
  | { readonly kind: 'integrity'; readonly file: string; readonly shard?: number; readonly detail: string }
  | { readonly kind: 'quota'; readonly neededBytes: number; readonly freeBytes?: number }
  | { readonly kind: 'out-of-memory'; readonly detail: string }
  | { readonly kind: 'device-lost'; readonly detail: string }
  | { readonly kind: 'engine'; readonly detail: string }
  | {
      readonly kind: 'bad-input';
      readonly what: string;
      readonly detail: string;
      /** Of a text that breaks somewhere: lines and columns from 1, and what stands there. */
      readonly at?: { readonly line: number; readonly column: number; readonly found: string };
    };

export class FaultError extends Error {
  readonly fault: Fault;

  constructor(fault: Fault, options?: ErrorOptions) {
    super('detail' in fault ? `${fault.kind}: ${fault.detail}` : fault.kind, options);
    this.name = 'FaultError';
    this.fault = fault;
  }
}

/** Builds the error for input that cannot be used; `what` names the thing, `detail` says what is wrong with it. */
export function badInput(what: string, detail: string): FaultError {
  return new FaultError({ kind: 'bad-input', what, detail });
}

/** Any thrown value as a fault. Aborts become `stopped`; what nobody classified becomes `engine`. */
export function toFault(error: unknown): Fault {
  if (error instanceof FaultError) return error.fault;
  if (error instanceof Error) {
    if (error.name === 'AbortError') return { kind: 'stopped' };
    if (error.name === 'QuotaExceededError') return { kind: 'quota', neededBytes: 0 };
    // How browsers tell that a picked file is no longer what it was when it was picked.
    if (error.name === 'NotReadableError') {
      return { kind: 'bad-input', what: 'local file', detail: 'moved or changed since it was picked' };
    }
    return { kind: 'engine', detail: error.message || error.name };
  }
  return { kind: 'engine', detail: String(error) };
}

/** Throws `stopped` when the signal has been aborted. */
export function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new FaultError({ kind: 'stopped' });
}
