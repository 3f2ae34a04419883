// One thread of the roofline measurement.
import type { DotMode, SimdBuild } from './binary';
import { createRooflineLoops } from './roofline-loops';
import type { LoopKernel, RooflineLoop, RooflineLoops } from './roofline-loops';

export type RooflineRequest =
  | {
      readonly kind: 'start';
      readonly module: WebAssembly.Module;
      readonly build: SimdBuild;
      readonly bufferBytes: number;
      readonly kernel?: LoopKernel;
    }
  | { readonly kind: 'measure'; readonly loop: RooflineLoop; readonly milliseconds: number };

export type RooflineReply =
  | { readonly ok: true; readonly value: number; readonly dotMode: DotMode; readonly kernel: LoopKernel }
  | { readonly ok: false; readonly message: string };

let loops: RooflineLoops | undefined;

async function handle(request: RooflineRequest): Promise<RooflineReply> {
  if (request.kind === 'start') {
    loops = await createRooflineLoops(request.module, request.build, request.bufferBytes, request.kernel);
    return { ok: true, value: 0, dotMode: loops.dotMode, kernel: loops.kernel };
  }
  if (!loops) throw new Error('not started');
  const value = loops.measure(request.loop, request.milliseconds);
  return { ok: true, value, dotMode: loops.dotMode, kernel: loops.kernel };
}

self.onmessage = async ({ data }: MessageEvent<RooflineRequest>) => {
  self.postMessage(
    await handle(data).catch((error: unknown): RooflineReply => ({ ok: false, message: String(error) })),
  );
};
