import { BACKEND_FACTS } from '../../domain/engine/backends';
import type { Device, Engine, OpenFile, Session } from '../../domain/engine/engine';
import type { Artifact } from '../../domain/model/model';
import type { SettingsStore } from '../../domain/run/ports';
import { findGraphics } from '../device/find-graphics';
import type { EmitOpening } from '../files/obtain-files';
import { openWithEngine } from '../sessions/open-session';
import type { SpeedContender } from './speed';

/** The most that a prompt and an answer of any plan take together, with room. */
export const SPEED_CONTEXT_TOKENS = 512;

/** Every engine for the artifact's format, on every backend it has, in order of preference. */
export function listSpeedContenders(
  engines: readonly Engine[],
  artifact: Artifact,
  files: readonly OpenFile[],
  device: Device,
  settingsStore: SettingsStore,
  emit: EmitOpening,
): readonly SpeedContender[] {
  const fitting = engines.filter(({ formats }) => formats.includes(artifact.format));
  return fitting.flatMap((engine) =>
    engine.backends.map((backend): SpeedContender => {
      let openedAt = 0;
      let readyAt = 0;
      // The last opening is what counts: the ones before it were tries of other thread counts.
      const timed: Engine = {
        ...engine,
        async open(...args): Promise<Session> {
          openedAt = performance.now();
          const session = await engine.open(...args);
          readyAt = performance.now();
          return session;
        },
      };
      return {
        engineId: engine.id,
        engineLabel: engine.label,
        backend,
        async check() {
          const support = engine.supports(artifact, device);
          if (!support.ok) return { unavailable: { code: 'unsupported', detail: support.reason } };
          return BACKEND_FACTS[backend].computesOn === 'graphics' ? checkGraphics() : {};
        },
        async open(signal) {
          const session = await openWithEngine(
            timed,
            {
              artifact,
              files,
              contextTokens: Math.min(artifact.contextTokens, SPEED_CONTEXT_TOKENS),
              device,
              backend,
            },
            settingsStore,
            emit,
            signal,
          );
          return { session, loadMs: readyAt - openedAt };
        },
      };
    }),
  );
}

async function checkGraphics(): ReturnType<SpeedContender['check']> {
  const graphics = await findGraphics();
  return graphics.kind === 'adapter'
    ? { adapter: graphics.name }
    : { unavailable: { code: graphics.kind, detail: '' } };
}
