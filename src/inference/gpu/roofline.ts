import { Compiler } from './compiler';
import { DeviceMemory, USAGE } from './memory';
import { roofMultiplyKernel, roofReadKernel } from './shader-kernels';
import type { Kernel } from './shader-kernels';

/** What a device can do at best, measured by kernels that do nothing else. */
export interface GpuRoofline {
  /** From buffers, each byte once. */
  readonly readBytesPerSecond: number;
  /** Multiplications and additions of 32-bit floats, counted apart. */
  readonly flopsPerSecond: number;
}

export interface RoofOptions {
  /** Larger than the device's caches. */
  readonly bytes: number;
  readonly turns: number;
  readonly workgroups: number;
  /** Best of so many. */
  readonly rounds: number;
}

const DEFAULTS: RoofOptions = { bytes: 512 << 20, turns: 4096, workgroups: 4096, rounds: 5 };
const THREADS = 256;
const FLOPS_A_TURN = 32;

/** Takes about a second on a graphics device. Rejects as the device's buffers and compiler do. */
export async function measureGpuRoofline(
  device: GPUDevice,
  options: Partial<RoofOptions> = {},
): Promise<GpuRoofline> {
  const { bytes, turns, workgroups, rounds } = { ...DEFAULTS, ...options };
  const memory = new DeviceMemory(device);
  const most = Math.min(bytes, device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  try {
    const words = await memory.guard(() => memory.create('roof', most / 4, USAGE.storage | USAGE.copyTo));
    const out = await memory.guard(() => memory.create('sums', workgroups * THREADS * 4, USAGE.storage));
    const time = (kernel: Kernel<'words' | 'out'>) =>
      timeBest(device, kernel, { words, out }, workgroups, rounds);
    const readSeconds = await time(roofReadKernel);
    const multiplySeconds = await time(roofMultiplyKernel(turns));
    return {
      readBytesPerSecond: words.size / readSeconds,
      flopsPerSecond: (workgroups * THREADS * turns * FLOPS_A_TURN) / multiplySeconds,
    };
  } finally {
    memory.destroy();
  }
}

/** Seconds of one dispatch: of several in one submit, less what a submit of one takes, which waits as long. */
async function timeBest(
  device: GPUDevice,
  kernel: Kernel<'words' | 'out'>,
  buffers: { readonly words: GPUBuffer; readonly out: GPUBuffer },
  workgroups: number,
  rounds: number,
): Promise<number> {
  const compiler = Compiler.of(device);
  const compiled = await compiler.compile(kernel);
  const bindGroup = compiler.bind(compiled, buffers);
  const run = async (dispatches: number) => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(compiled.pipeline);
    pass.setBindGroup(0, bindGroup);
    for (let each = 0; each < dispatches; each++) pass.dispatchWorkgroups(workgroups);
    pass.end();
    const startedAt = performance.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    return (performance.now() - startedAt) / 1000;
  };
  // The first one warms up.
  await run(1);
  const extra = 4;
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const one = await run(1);
    const several = await run(1 + extra);
    best = Math.min(best, several > one ? (several - one) / extra : several / (1 + extra));
  }
  return best;
}
