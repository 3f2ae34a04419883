// One thread of the roofline measurement.
import type { DotMode, SimdBuild } from './binary';
import { createRooflineLoops } from './roofline-loops';
import type { RooflineLoop, RooflineLoops } from './roofline-loops';

export type RooflineRequest =
  | {
      readonly kind: 'start';
      readonly module: WebAssembly.Module;
      readonly build: SimdBuild;
      readonly bufferBytes: number;
    }
  | { readonly kind: 'measure'; readonly loop: RooflineLoop; readonly milliseconds: number };

export type RooflineReply =
  | { readonly ok: true; readonly value: number; readonly dotMode: DotMode }
  | { readonly ok: false; readonly message: string };

let loops: RooflineLoops | undefined;

async function handle(request: RooflineRequest): Promise<RooflineReply> {
  if (request.kind === 'start') {
    loops = await createRooflineLoops(request.module, request.build, request.bufferBytes);
    return { ok: true, value: 0, dotMode: loops.dotMode };
  }
  if (!loops) throw new Error('not started');
  return { ok: true, value: loops.measure(request.loop, request.milliseconds), dotMode: loops.dotMode };
}

self.onmessage = async ({ data }: MessageEvent<RooflineRequest>) => {
  self.postMessage(
    await handle(data).catch((error: unknown): RooflineReply => ({ ok: false, message: String(error) })),
  );
};
