import type { SetAside } from '../../domain/engine/engine';
import { m } from '../messages/messages';
import { findBackendWords } from './backend-words';

/** An engine, and where it computes. */
export function nameRunner({ engineId: engine, backend }: Pick<SetAside, 'engineId' | 'backend'>): string {
  if (backend === undefined) return engine;
  return findBackendWords(backend).withEngine(engine);
}

/** Why something did not run. A code from a link may be one that this version does not know. */
export function explainAside(code: string | undefined, detail: string): string {
  const words = findWords(code);
  if (words === undefined) return detail || (code ?? '');
  return detail === '' ? words : `${words} (${detail})`;
}

function findWords(code: string | undefined): string | undefined {
  switch (code) {
    case 'self-test':
      return m.aside_self_test();
    case 'no-webgpu':
      return m.aside_no_webgpu();
    case 'no-adapter':
      return m.aside_no_adapter();
    case 'device-lost':
      return m.aside_device_lost();
    case 'out-of-memory':
      return m.aside_memory();
    case 'engine':
      return m.aside_engine();
    case 'unsupported':
      return m.aside_unsupported();
    default:
      return undefined;
  }
}
