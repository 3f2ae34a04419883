import { answerChat, countChatContextTokens } from '../../domain/prompt/chat';
import type { Session, SetAside } from '../../domain/engine/engine';
import type { RunEnd } from '../../domain/run/run';
import { loadImage } from '../files/load-image';
import type { ChatRequest, ChatWorkerEvent } from '../protocol';
import { createRecovery } from '../sessions/recover-session';
import { findArtifact, type WantedSession } from '../sessions/session-keeper';

interface SessionPorts {
  /** The loaded session if it is the one wanted, else a new one. @throws FaultError */
  readonly open: (wanted: WantedSession) => Promise<Session>;
  /** Closes it. */
  readonly close: () => Promise<void>;
}

/** An answer as the page asks for it: the model is opened, then it answers. @throws FaultError */
export async function answerRequest(
  request: ChatRequest,
  { open, close }: SessionPorts,
  emit: (event: ChatWorkerEvent) => void,
  signal: AbortSignal,
): Promise<RunEnd> {
  const { messages, model, sampling, modelsUrl } = request;
  const needsImages = messages.some(({ images = [] }) => images.length > 0);
  const contextTokens = countChatContextTokens(findArtifact(request), sampling, needsImages);
  const reopen = (setAside: readonly SetAside[]) => open({ contextTokens, needsImages, setAside });
  const tellAnswering = () => emit({ type: 'phase', phase: 'answering' });

  const session = await reopen([]);
  tellAnswering();
  const recover = createRecovery(session, {
    reopen,
    record: () => {
      tellAnswering();
      return Promise.resolve();
    },
  });
  const answer = answerChat(
    { messages, template: model.template, sampling },
    {
      session,
      loadImage: (image, stopSignal) => loadImage(image, new URL('..', modelsUrl), stopSignal),
      now: () => performance.now(),
      recover: (fault) => recover(fault, ''),
    },
    signal,
  );
  for (;;) {
    const next = await answer.next();
    if (next.done !== true) {
      emit(next.value);
      continue;
    }
    // An engine that broke is not trusted with another question.
    if (next.value.kind === 'failed' && next.value.fault.kind !== 'bad-input') await close();
    return next.value;
  }
}
