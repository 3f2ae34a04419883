import type { Sampling, Session } from '../../domain/engine/engine';
import { toFault } from '../../domain/fault';
import type { GraderPorts } from '../../domain/graders/grader';
import type { PromptTemplate } from '../../domain/model/model';
import { buildMessages, renderPrompt } from '../../domain/prompt/prompt';

/** Room for one letter and what models say around it. */
const SAMPLING: Sampling = { temperature: 0, topP: 1, topK: 1, seed: 0, maxTokens: 12 };

/**
 * Has the model under test judge its own answers. A question that the model cannot take gets no answer.
 * @param findSession what runs the model now: another may have taken over since the run began
 */
export function createJudge(
  findSession: () => Pick<Session, 'complete'>,
  template: PromptTemplate,
  signal: AbortSignal,
): NonNullable<GraderPorts['judge']> {
  return async (question) => {
    const prompt = renderPrompt(template, buildMessages(undefined, { prompt: question }));
    const input = { prompt, stop: template.stop };
    let reply = '';
    try {
      for await (const token of findSession().complete(input, SAMPLING, signal)) {
        reply += token.text;
      }
    } catch (error) {
      if (toFault(error).kind === 'stopped') throw error;
      return '';
    }
    return reply;
  };
}
