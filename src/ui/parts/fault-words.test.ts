import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Format } from '../../app/format';
import type { Fault } from '../../domain/fault';
import { getLocale, overwriteGetLocale } from '../messages/runtime';
import { describeFault } from './fault-words';

const RAW = "Failed to execute 'atob' on 'Window': the string is not correctly encoded.";
const faults: readonly Fault[] = [
  { kind: 'unsupported', detail: RAW },
  { kind: 'download', url: 'https://x.example/', detail: RAW },
  { kind: 'integrity', file: 'a.gguf', detail: RAW },
  { kind: 'out-of-memory', detail: RAW },
  { kind: 'device-lost', detail: RAW },
  { kind: 'engine', detail: RAW },
  ...[
    'link',
    'local file',
    'files',
    'GGUF file',
    'MLC weights',
    'LoRA adapter',
    'LoRA merge',
    'set address',
    'answer of a host',
    'answer of the Hub',
    'prompt',
    'image',
    'test set',
    'something new',
  ].map((what): Fault => ({ kind: 'bad-input', what, detail: RAW })),
];
const describeIn = (locale: string, fault: Fault, task?: 'searching') =>
  describeFault(fault, { format: new Format(locale), locale, isOnline: true, task });

describe('describeFault in Russian', () => {
  const before = getLocale;
  beforeAll(() => {
    overwriteGetLocale(() => 'ru');
  });
  afterAll(() => {
    overwriteGetLocale(before);
  });

  it.each(faults)('puts no English into a sentence: %o', (fault) => {
    const { text, reason } = describeIn('ru', fault);
    expect(text).not.toMatch(/Failed|atob|something|[:(]\s*[.)]/);
    expect(text).toMatch(/^[А-ЯЁ].*\.$/);
    expect(reason).toBe(RAW.slice(0, -1));
  });

  it('says that a search failed, not a download', () => {
    const fault: Fault = { kind: 'download', url: 'https://x.example/', detail: 'Failed to fetch' };
    expect(describeIn('ru', fault, 'searching').text).toMatch(/^Поиск/);
    expect(describeIn('ru', fault, 'searching').text).not.toContain('скача');
    expect(describeIn('ru', fault).text).toContain('скачать');
  });

  it('keeps the name of a host in its sentence', () => {
    const words = describeIn('ru', { kind: 'bad-input', what: 'closed host', detail: 'x.example' });
    expect(words.text).toContain('x.example');
    expect(words.reason).toBeUndefined();
  });
});

describe('describeFault in English', () => {
  it('has the detail in the sentence, with one full stop', () => {
    const { text, reason } = describeIn('en', { kind: 'bad-input', what: 'link', detail: RAW });
    expect(text).toBe(`This link is damaged or cut off: ${RAW}`);
    expect(reason).toBeUndefined();
  });
});
