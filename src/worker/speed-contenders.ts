import type { Device, Engine, OpenFile, Session } from '../domain/engine';
import type { Artifact } from '../domain/model';
import type { SettingsStore } from '../domain/ports';
import type { UnavailableSpeed } from '../domain/speed';
import type { EmitOpening } from './obtain-files';
import { openWithEngine } from './open-session';
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
          return backend === 'webgpu' ? findAdapter() : {};
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
              // The CPU only feeds the graphics device.
              ...(backend === 'webgpu' && {
                threads: device.crossOriginIsolated ? Math.ceil(device.logicalCores / 2) : 1,
              }),
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

/** The graphics device that an engine would get; without one it would compute on the CPU or fail. */
async function findAdapter(): Promise<
  { readonly adapter: string } | { readonly unavailable: UnavailableSpeed['unavailable'] }
> {
  // Browsers without WebGPU have no such member, whatever the types say.
  const { gpu } = navigator as { readonly gpu?: GPU };
  if (gpu === undefined) return { unavailable: { code: 'no-webgpu', detail: '' } };
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (adapter === null) return { unavailable: { code: 'no-adapter', detail: '' } };
  const { vendor, architecture, isFallbackAdapter } = adapter.info;
  const name = [vendor, architecture, isFallbackAdapter ? '(software)' : ''].filter((part) => part !== '');
  return { adapter: name.join(' ') };
}
