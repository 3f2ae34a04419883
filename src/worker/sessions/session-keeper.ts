import type { Device, Engine, OpenFile, Session, SessionInfo, SetAside } from '../../domain/engine/engine';
import type { FitDevice } from '../../domain/engine/fit';
import { FaultError } from '../../domain/fault';
import { hasProjector, type Artifact } from '../../domain/model/model';
import type { SettingsStore } from '../../domain/run/ports';
import type { EmitOpening } from '../files/obtain-files';
import type { SessionRequest } from '../protocol';
import { openCalibration } from './calibration';
import { chooseKvType } from './choose-kv-type';
import { openBest } from './open-best';
import { openWithEngine } from './open-session';
import type { Graphics } from './plan-backends';

/** What a session has to be able to do. */
export interface WantedSession {
  readonly contextTokens: number;
  readonly needsImages: boolean;
  /** What ran it before, so that one run is not measured two ways. */
  readonly before?: SessionInfo | undefined;
  /** What has broken already. */
  readonly setAside: readonly SetAside[];
}

export interface OpenedSession {
  readonly session: Session;
  /** Of the weights' first file; empty where it is not known. */
  readonly sha256: string;
}

interface KeeperPorts {
  /** All there are, in order of preference. */
  readonly engines: readonly Engine[];
  readonly settings: SettingsStore;
  readonly device: Device;
  /** Looks for a graphics device; asked only where one may be used. */
  readonly findGraphics: () => Promise<Graphics>;
  readonly wasm: FitDevice['wasm'];
  /** The artifact's files, with its adapters merged in. @throws FaultError */
  readonly obtain: (
    artifact: Artifact,
    request: SessionRequest,
    emit: EmitOpening,
    signal: AbortSignal,
  ) => Promise<readonly OpenFile[]>;
  readonly now: () => number;
}

/** One session at a time, kept after its work: the next request for the same model starts at once. */
interface SessionKeeper {
  /** The session that is open now. */
  readonly opened: OpenedSession | undefined;
  /** The open session if it is the one wanted, else a new one in its place. @throws FaultError */
  open(
    request: SessionRequest,
    wanted: WantedSession,
    emit: EmitOpening,
    signal: AbortSignal,
  ): Promise<OpenedSession>;
  close(): Promise<void>;
}

export function createSessionKeeper(ports: KeeperPorts): SessionKeeper {
  let kept: (OpenedSession & { readonly key: string }) | undefined;

  async function close(): Promise<void> {
    const session = kept?.session;
    kept = undefined;
    // One that broke may break again in closing; nothing is left to do about it.
    await session?.close().catch(() => undefined);
  }

  return {
    get opened() {
      return kept;
    },
    async open(request, wanted, emit, signal) {
      const artifact = findArtifact(request);
      const key = nameSession(request, wanted);
      if (wanted.setAside.length === 0 && kept?.key === key) return kept;
      await close();
      const files = await ports.obtain(artifact, request, emit, signal);
      const session = await openNew(request, wanted, artifact, files, ports, emit, signal);
      kept = { key, session, sha256: files[0]?.sha256 ?? '' };
      return kept;
    },
    close,
  };
}

/** @throws FaultError `unsupported` */
export function findArtifact({ model, artifactId }: Pick<SessionRequest, 'model' | 'artifactId'>): Artifact {
  const artifact = model.artifacts.find(({ id }) => id === artifactId);
  if (artifact === undefined) throw new FaultError({ kind: 'unsupported', detail: artifactId });
  return artifact;
}

/** What ran it before decides over what the person has chosen since. */
function chooseEngine({ engineId, backend = 'auto' }: SessionRequest, { before }: WantedSession) {
  return { engineId: before?.engineId ?? engineId, backend: before?.backend ?? backend };
}

/** Two requests of one name can use one session. */
function nameSession(request: SessionRequest, wanted: WantedSession): string {
  const { engineId, backend } = chooseEngine(request, wanted);
  const { contextTokens, before, needsImages } = wanted;
  return [
    request.artifactId,
    contextTokens,
    engineId,
    backend,
    before?.threads,
    request.threads,
    needsImages,
  ].join(' ');
}

/** The best way to run the files on this device. */
async function openNew(
  request: SessionRequest,
  wanted: WantedSession,
  artifact: Artifact,
  files: readonly OpenFile[],
  { settings, device, wasm, now, ...ports }: KeeperPorts,
  emit: EmitOpening,
  signal: AbortSignal,
): Promise<Session> {
  const { threads, model } = request;
  const { contextTokens, needsImages, before, setAside } = wanted;
  const { engineId, backend } = chooseEngine(request, wanted);
  // Where there are images and a projector, an engine that shows them; without a projector every engine is as blind.
  const needsEyes = needsImages && hasProjector(artifact);
  const engines = ports.engines.filter(
    (engine) => engine.supports(artifact, device).ok && (!needsEyes || engine.acceptsImages === true),
  );
  const mayUseGpu = backend !== 'wasm' && engines.some(({ backends }) => backends.includes('webgpu'));
  // Whoever asks for the CPU has the GPU left alone.
  const graphics: Graphics = mayUseGpu ? await ports.findGraphics() : { kind: 'no-webgpu' };
  return openBest(
    { ...(engineId !== undefined && { engineId }), backend, setAside },
    {
      engines,
      graphics,
      calibration: await openCalibration(settings, artifact.id, engines, device, graphics),
      settings,
      fileHash: files.map(({ name, sha256 }) => sha256 ?? name).join(' '),
      open: (engine, on, stopSignal) =>
        openWithEngine(
          engine,
          {
            artifact,
            files,
            contextTokens,
            device,
            backend: on,
            ...(threads !== undefined && { threads }),
            kvType: chooseKvType(engine, on, artifact, model, { ...device, wasm }, contextTokens),
            before: before?.backend === on && before.engineId === engine.id ? before : undefined,
          },
          settings,
          emit,
          stopSignal,
        ),
      onPhase: (phase) => emit({ type: 'phase', phase }),
      now,
    },
    signal,
  );
}
