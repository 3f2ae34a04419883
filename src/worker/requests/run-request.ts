import { takesSystem } from '../../domain/prompt/prompt';
import type { Device, Session, SetAside } from '../../domain/engine/engine';
import type { GraderPorts } from '../../domain/graders/grader';
import { gradeAnswer } from '../../domain/graders/registry';
import { sha256Hex } from '../../domain/hash';
import { describeAdapters } from '../../domain/model/lora-model';
import type { RunStore } from '../../domain/run/ports';
import { nameAttempt } from '../../domain/run/repeats';
import { countContextTokens, type EngineSwitch, type Run, type RunEnd } from '../../domain/run/run';
import { runCases } from '../../domain/run/runner';
import { hashTestSet } from '../../domain/sets/test-set';
import { loadImage } from '../files/load-image';
import type { RunRequest, WorkerEvent } from '../protocol';
import { createEmbed, type EmbedPorts } from '../sessions/embed';
import { createJudge } from '../sessions/judge';
import { createRecovery, findSwitch } from '../sessions/recover-session';
import { findArtifact, type OpenedSession, type WantedSession } from '../sessions/session-keeper';

interface RunRequestPorts {
  readonly runStore: RunStore;
  readonly device: Device;
  /** The open session if it is the one wanted, else a new one. @throws FaultError */
  readonly open: (wanted: WantedSession) => Promise<OpenedSession>;
  readonly close: () => Promise<void>;
  /** Has the run's answers graded with parts that end with the run. */
  readonly withGraderPorts: (
    allowScripts: boolean | undefined,
    work: (ports: GraderPorts) => Promise<RunEnd>,
  ) => Promise<RunEnd>;
  readonly embedding: EmbedPorts;
}

/** A run as the page asks for it: the model is opened, then every case is answered and graded. @throws FaultError */
export async function runRequest(
  request: RunRequest,
  ports: RunRequestPorts,
  emit: (event: WorkerEvent) => void,
  signal: AbortSignal,
): Promise<RunEnd> {
  const { runId, testSet, continued } = request;
  const opened = await openFor(request, ports, []);
  if (continued === undefined) {
    const run = await describeRun(request, opened, ports.device);
    await ports.runStore.createRun(run, testSet);
    emit({ type: 'run-opened', run });
  } else {
    await ports.runStore.reopenRun(runId);
  }

  const { embed, close } = createEmbed(ports.embedding, signal);
  const end = await ports
    .withGraderPorts(request.allowScripts, (graders) =>
      workThrough(request, opened.session, ports, { ...graders, embed }, emit, signal),
    )
    .finally(close);
  await ports.runStore.endRun(runId, end);
  // An engine that fails case after case is not trusted with another run.
  if (end.kind === 'failed') await ports.close();
  return end;
}

/** What the journal and the shared link say that ran. */
async function describeRun(
  request: RunRequest,
  { session, sha256 }: OpenedSession,
  device: Device,
): Promise<Run> {
  const { runId, model, testSet, sampling, repeats } = request;
  const artifact = findArtifact(request);
  const adapters = describeAdapters(artifact);
  return {
    id: runId,
    device,
    startedAt: Date.now(),
    setup: {
      model: { id: model.id, name: model.name },
      artifact: {
        id: artifact.id,
        quantization: artifact.quantization,
        sha256,
        ...(adapters !== undefined && { adapters }),
      },
      session: session.info,
      templateSha256: await sha256Hex(new TextEncoder().encode(model.template.source)),
      ...(testSet.system !== undefined && !takesSystem(model.template) && { systemInQuestion: true }),
      set: {
        id: testSet.id,
        title: testSet.title,
        language: testSet.language,
        sha256: await hashTestSet(testSet),
        caseCount: testSet.cases.length,
      },
      sampling,
      ...(repeats !== undefined && { repeats }),
    },
  };
}

async function workThrough(
  request: RunRequest,
  session: Session,
  ports: RunRequestPorts,
  graders: GraderPorts,
  emit: (event: WorkerEvent) => void,
  signal: AbortSignal,
): Promise<RunEnd> {
  const { runId, model, testSet, sampling, repeats, continued } = request;
  const { runStore } = ports;
  const done = new Set(continued?.doneAttempts);
  const first = testSet.cases.find(({ id }) => !done.has(nameAttempt({ caseId: id })));
  const recordSwitch = async (change: EngineSwitch) => {
    await runStore.appendSwitch(runId, change);
    emit({ type: 'engine-switched', change });
  };
  const atStart = findSwitch(continued?.session, session.info, first?.id);
  if (atStart !== undefined) await recordSwitch(atStart);

  emit({ type: 'phase', phase: 'running' });
  let current = session;
  const judge = createJudge(() => current, model.template, signal);
  const cases = runCases(
    {
      system: testSet.system,
      cases: testSet.cases,
      template: model.template,
      sampling,
      ...(repeats !== undefined && { repeats }),
      done,
    },
    {
      session,
      grade: (answer, testCase, facts) =>
        gradeAnswer(answer, testCase, { ...facts, ...graders, judge, language: testSet.language }),
      now: () => performance.now(),
      record: (result) => runStore.appendResult(runId, result),
      loadImage: (image, stopSignal) => loadImage(image, new URL('..', request.modelsUrl), stopSignal),
      recover: createRecovery(session, {
        reopen: async (setAside) => {
          current = (await openFor(request, ports, setAside)).session;
          return current;
        },
        record: async (change) => {
          await recordSwitch(change);
          emit({ type: 'phase', phase: 'running' });
        },
      }),
    },
    signal,
  );
  for (;;) {
    const next = await cases.next();
    if (next.done === true) return next.value;
    emit(next.value);
  }
}

/** The most tokens that an answer may have: a case may have a limit of its own. */
function findLongest({ sampling, testSet }: RunRequest): number {
  return testSet.cases.reduce(
    (most, { generation }) => Math.max(most, generation?.maxTokens ?? 0),
    sampling.maxTokens,
  );
}

function openFor(
  request: RunRequest,
  { open }: RunRequestPorts,
  setAside: readonly SetAside[],
): Promise<OpenedSession> {
  return open({
    contextTokens: countContextTokens(findArtifact(request), {
      ...request.sampling,
      maxTokens: findLongest(request),
    }),
    needsImages: request.testSet.cases.some(({ images }) => images !== undefined),
    before: request.continued?.session,
    setAside,
  });
}
