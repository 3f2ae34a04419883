import { answerChat, countChatContextTokens } from '../../domain/prompt/chat';
import type { Session, SessionInfo, SetAside } from '../../domain/engine/engine';
import { FaultError } from '../../domain/fault';
import type { Artifact } from '../../domain/model/model';
import type { RunEnd } from '../../domain/run/run';
import { loadImage } from '../files/load-image';
import type { ChatRequest, ChatWorkerEvent, SessionRequest } from '../protocol';
import { createRecovery } from '../sessions/recover-session';

/** What a session has to be able to do. */
export interface WantedSession {
  readonly contextTokens: number;
  readonly needsImages: boolean;
  /** What ran it before, so that one run is not measured two ways. */
  readonly before?: SessionInfo | undefined;
  /** What has broken already. */
  readonly setAside: readonly SetAside[];
}

export interface SessionPorts {
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

/** @throws FaultError `unsupported` */
export function findArtifact({ model, artifactId }: SessionRequest): Artifact {
  const artifact = model.artifacts.find(({ id }) => id === artifactId);
  if (artifact === undefined) throw new FaultError({ kind: 'unsupported', detail: artifactId });
  return artifact;
}
