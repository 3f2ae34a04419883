import { describe, expect, it } from 'vitest';
import type { CompletionEnd, CompletionInput, Sampling, Token } from '../../domain/engine/engine';
import { promptText } from '../../domain/prompt/pieces';
import { FaultError, type Fault } from '../../domain/fault';
import type { PromptTemplate } from '../../domain/model/model';
import { createJudge } from './judge';

const template: PromptTemplate = {
  kind: 'jinja',
  source: 'Q: {{ messages[0].content }}',
  bosToken: '',
  eosToken: '',
  stop: ['\n'],
};
const end: CompletionEnd = {
  reason: 'stop',
  promptTokens: 1,
  cachedTokens: 0,
  answerTokens: 2,
  prefillMs: 1,
  decodeMs: 1,
};

function makeJudge(fault?: Fault) {
  const asked: { readonly input: CompletionInput; readonly sampling: Sampling }[] = [];
  const judge = createJudge(
    () => ({
      async *complete(input, sampling): AsyncGenerator<Token, CompletionEnd, void> {
        asked.push({ input, sampling });
        yield { text: 'B' };
        await Promise.resolve();
        if (fault !== undefined) throw new FaultError(fault);
        yield { text: '.' };
        return end;
      },
    }),
    template,
    new AbortController().signal,
  );
  return { asked, judge };
}

describe('createJudge', () => {
  it("asks by the model's own template, greedily and briefly", async () => {
    const { asked, judge } = makeJudge();
    expect(await judge('A or B?')).toBe('B.');
    expect(asked).toMatchObject([{ input: { stop: ['\n'] }, sampling: { temperature: 0 } }]);
    expect(promptText(asked[0]?.input.prompt ?? [])).toBe('Q: A or B?');
    expect(asked[0]?.sampling.maxTokens).toBeLessThan(20);
  });

  it('has no answer to a question that the model cannot take', async () => {
    const { judge } = makeJudge({ kind: 'engine', detail: 'too long' });
    expect(await judge('?')).toBe('');
  });

  it('asks what runs the model now, not what ran it at first', async () => {
    const answerWith = (text: string) => ({
      async *complete(): AsyncGenerator<Token, CompletionEnd, void> {
        await Promise.resolve();
        yield { text };
        return end;
      },
    });
    let session = answerWith('GPU');
    const judge = createJudge(() => session, template, new AbortController().signal);
    expect(await judge('?')).toBe('GPU');
    session = answerWith('CPU');
    expect(await judge('?')).toBe('CPU');
  });

  it('ends when it is stopped', async () => {
    const { judge } = makeJudge({ kind: 'stopped' });
    await expect(judge('?')).rejects.toMatchObject({ fault: { kind: 'stopped' } });
  });
});
