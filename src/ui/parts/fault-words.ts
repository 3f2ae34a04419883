import type { Format } from '../../app/format';
import type { Fault } from '../../domain/fault';
import { m } from '../messages/messages';

/** What was asked of the Hub when it failed. */
export type HubTask = 'searching' | 'listing' | 'reading';

interface FaultContext {
  readonly format: Format;
  readonly isOnline: boolean;
  /** Language of the page. */
  readonly locale: string;
  readonly task?: HubTask | undefined;
}

/** Details that belong to no language: names of hosts and files, and counts. */
const NAMED = ['closed host', 'insecure address', 'large file', 'many files'];

/**
 * A fault in the page's language. Details come from browsers and engines in English: they stand in a sentence of the same
 * language only, and beside it, as `reason`, in any other.
 */
export function describeFault(
  fault: Fault,
  context: FaultContext,
): { readonly text: string; readonly reason?: string } {
  // Some have a full stop; the sentence around them has its own.
  const detail = 'detail' in fault ? fault.detail.replace(/[.\s]+$/, '') : '';
  // What is said of a broken text has its place in it, and needs no other reason.
  const isName = fault.kind === 'bad-input' && (NAMED.includes(fault.what) || fault.at !== undefined);
  if (context.locale === 'en' || isName || detail === '') return { text: describe(fault, detail, context) };
  const text = dropGaps(describe(fault, '', context));
  return text.includes(detail) ? { text } : { text, reason: detail };
}

/** What is left around a detail that was left out: brackets, and a colon before a full stop. */
function dropGaps(text: string): string {
  return text.replace(/\s*\(\s*\)/g, '').replace(/\s*:\s*(?=[.;]|$)/g, '');
}

function describe(fault: Fault, detail: string, { format, isOnline, task }: FaultContext): string {
  switch (fault.kind) {
    case 'stopped':
      return m.fault_stopped();
    case 'unsupported':
      return m.fault_unsupported({ detail });
    case 'download':
      return describeDownload(fault, detail, isOnline, task);
    case 'integrity':
      return m.fault_integrity({ file: fault.file, detail });
    case 'quota':
      return fault.freeBytes === undefined
        ? m.fault_quota_unknown()
        : m.fault_quota({
            needed: format.megabytes(fault.neededBytes),
            free: format.megabytes(fault.freeBytes),
          });
    case 'out-of-memory':
      return m.fault_memory({ detail });
    case 'device-lost':
      return m.fault_device_lost({ detail });
    case 'engine':
      return m.fault_engine({ detail });
    case 'bad-input':
      return describeInput(fault, detail, isOnline);
  }
}

function describeDownload(
  { status, retryAfterSeconds }: Extract<Fault, { kind: 'download' }>,
  detail: string,
  isOnline: boolean,
  task: HubTask | undefined,
): string {
  if (!isOnline) return m.fault_offline();
  if (status === 401 || status === 403) return m.fault_gated();
  if (status === 404) return m.fault_not_found();
  if (status === 429) {
    return retryAfterSeconds === undefined
      ? m.fault_busy_host_later()
      : m.fault_busy_host({ seconds: Math.ceil(retryAfterSeconds) });
  }
  switch (task) {
    case 'searching':
      return m.fault_hub_search({ detail });
    case 'listing':
      return m.fault_hub_listing({ detail });
    case 'reading':
      return m.fault_hub_reading({ detail });
    case undefined:
      return m.fault_download({ detail });
  }
}

function describeInput(
  { what, at }: Extract<Fault, { kind: 'bad-input' }>,
  detail: string,
  isOnline: boolean,
): string {
  if (at?.found === '') return m.fault_broken_text_end(at);
  if (at !== undefined) return m.fault_broken_text(at);
  switch (what) {
    case 'local file':
      return m.fault_local_file({ detail });
    case 'files':
      return m.fault_files({ detail });
    case 'GGUF file':
      return m.fault_gguf({ detail });
    case 'MLC weights':
      return m.fault_mlc_weights({ detail });
    case 'LoRA adapter':
      return m.fault_lora_adapter({ detail });
    case 'LoRA merge':
      return m.fault_lora_merge({ detail });
    case 'Hub address':
      return m.fault_hub_address();
    case 'address':
      return m.fault_address();
    case 'set address':
      return m.fault_set_address({ detail });
    case 'closed host':
      return isOnline ? m.fault_closed_host({ detail }) : m.fault_offline();
    case 'insecure address':
      return m.fault_insecure_address({ detail });
    case 'answer of a host':
      return m.fault_host_answer({ detail });
    case 'large file':
      return m.fault_large_file({ detail });
    case 'many files':
      return m.fault_many_files({ count: detail });
    case 'many rows':
      return m.fault_many_rows({ detail });
    case 'choice of files':
      return m.fault_file_choice({ detail });
    case 'archive':
      return m.fault_archive({ detail });
    case 'prompt':
    case 'request':
      return m.fault_prompt({ detail });
    case 'image':
      return m.fault_image({ detail });
    case 'answer of the Hub':
      return m.fault_hub_answer({ detail });
    case 'link':
      return m.fault_link({ detail });
    default:
      return m.fault_bad_input({ what: nameThing(what), detail });
  }
}

/** What cannot be used, by the name that the page has for it. */
function nameThing(what: string): string {
  switch (what) {
    case 'test set':
      return m.what_test_set();
    case 'table':
      return m.what_table();
    case 'template':
      return m.what_template();
    case 'sampling':
      return m.what_settings();
    case 'question':
      return m.what_question();
    case 'lm-eval task':
      return m.what_task();
    case 'model':
      return m.what_model();
    case 'file':
      return m.what_file();
    default:
      return m.what_data();
  }
}
