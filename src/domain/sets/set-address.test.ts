import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import { readAddress } from './set-address';

describe('readAddress', () => {
  it.each([
    [' https://x.example/a.json ', 'https://x.example/a.json'],
    ['https://github.com/o/r/blob/main/dir/a.yaml', 'https://raw.githubusercontent.com/o/r/main/dir/a.yaml'],
    [
      'https://huggingface.co/datasets/o/d/blob/main/a.jsonl',
      'https://huggingface.co/datasets/o/d/resolve/main/a.jsonl',
    ],
  ])('reads %s', (text, url) => {
    expect(readAddress(text).href).toBe(url);
  });

  it.each(['', 'a.json', 'file:///etc/passwd', 'javascript:alert(1)'])('refuses %j', (text) => {
    expect(() => readAddress(text)).toThrow(FaultError);
  });
});
