import { describe, expect, it } from 'vitest';
import type { Embedder } from '../../domain/engine/engine';
import { FaultError } from '../../domain/fault';
import { similar } from '../../domain/graders/similar';
import { createEmbed, SENTENCE_MODEL, type EmbedPorts } from './embed';

const { signal } = new AbortController();
const testCase = { id: 'a', prompt: '?', graders: [], tags: [] };

function makePorts(obtain: EmbedPorts['obtain'] = () => Promise.resolve([])) {
  const log: string[] = [];
  const embedder: Embedder = {
    // Length and its complement: equal lengths point the same way.
    embed: (texts) => Promise.resolve(texts.map((text) => new Float32Array([text.length, 10 - text.length]))),
    close: () => {
      log.push('close');
      return Promise.resolve();
    },
  };
  const ports: EmbedPorts = {
    obtain: (artifact, stop) => {
      log.push(`obtain ${artifact.id}`);
      return obtain(artifact, stop);
    },
    open: () => {
      log.push('open');
      return Promise.resolve(embedder);
    },
  };
  return { log, ports };
}

describe('createEmbed', () => {
  it('fetches the model when it is first asked, once, and closes what it opened', async () => {
    const { log, ports } = makePorts();
    const { embed, close } = createEmbed(ports, signal);
    expect(log).toEqual([]);
    const grade = (answer: string) =>
      similar.grade(answer, { type: 'similar', value: 'abc', threshold: 0.99 }, testCase, { embed });
    expect(await grade('xyz')).toMatchObject({ pass: true });
    expect(await grade('far away')).toMatchObject({ pass: false });
    await close();
    expect(log).toEqual([`obtain ${SENTENCE_MODEL.id}`, 'open', 'close']);
  });

  it('has no vectors where the model cannot be had, so that the grader is not run', async () => {
    const { log, ports } = makePorts(() =>
      Promise.reject(new FaultError({ kind: 'download', url: 'https://x.example/', detail: 'offline' })),
    );
    const { embed, close } = createEmbed(ports, signal);
    expect(await similar.grade('a', { type: 'similar', value: 'b' }, testCase, { embed })).toEqual({
      notRun: { code: 'not-available', expected: 'embeddings' },
    });
    await embed(['again']);
    await close();
    expect(log).toEqual([`obtain ${SENTENCE_MODEL.id}`]);
  });

  it('passes a stop on', async () => {
    const { ports } = makePorts(() => Promise.reject(new FaultError({ kind: 'stopped' })));
    await expect(createEmbed(ports, signal).embed(['a'])).rejects.toMatchObject({
      fault: { kind: 'stopped' },
    });
  });
});
