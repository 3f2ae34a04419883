import { createMemory, instantiate } from './binary';
import type { DotMode, EngineExports, SimdBuild } from './binary';
import { SUM16_GEMM, SUM16_GEMV, writeMatrix } from './layout';
import type { KernelChoice } from './layout';
import { matricesInFileOrder } from '../architectures/weights';
import { hasEightBits, planMatrix } from './frames';
import type { MatrixType, ModelPlan } from './frames';

const FLOAT_TYPES: readonly MatrixType[] = ['F32', 'F16', 'BF16'];

/** A small matrix: its product takes some microseconds, and it stays in the first two caches. */
const ROWS = 64;
const COLUMNS = 1024;
const PROMPT_TOKENS = 16;
const AT = { matrix: 131_072, x: 135_168, act: 262_144, scratch: 524_288, out: 589_824, frame: 655_360 };
const MEMORY_BYTES = 786_432;
const ROUNDS = 8;
/** Calls between two looks at the clock, whose steps can be a tenth of a millisecond. */
const CALLS = { decode: 64, prefill: 8 };
/** A kernel of five instructions must beat the one of two by more than noise, or than code not yet optimised. */
const CLEARLY_SLOWER = 1.1;

/** The kernels of kernels/matmul.h. */
export type KernelName = 'dot32' | 'sum16' | 'halves' | 'pairs';
export interface TypeKernels {
  readonly decode: KernelName;
  readonly prefill: KernelName;
}

interface CompiledBuild {
  readonly module: WebAssembly.Module;
  readonly build: SimdBuild;
  readonly shared: boolean;
}

function typesOf(plan: ModelPlan): readonly MatrixType[] {
  const types = new Set(matricesInFileOrder(plan).map(({ type }) => type));
  return [...types].filter((type) => !FLOAT_TYPES.includes(type));
}

/**
 * Chooses the kernel of every type in a model. Only where the dot product saturates, which means that it takes several
 * instructions, is there a choice: measured there, some milliseconds for each type.
 */
export async function chooseKernels(
  compiled: CompiledBuild,
  dotMode: DotMode,
  plan: ModelPlan,
): Promise<KernelChoice> {
  const sums16 = new Map<MatrixType, number>();
  if (dotMode === 'saturating') {
    const memory = createMemory(compiled.build, MEMORY_BYTES, compiled.shared);
    const engine = await instantiate(compiled.module, memory);
    for (const type of typesOf(plan)) {
      // Its codes need all 8 bits: one kernel is exact.
      if (!hasEightBits(type)) sums16.set(type, measureType(engine, memory, type));
    }
  }
  return { dotMode, sums16 };
}

function measureType(engine: EngineExports, memory: WebAssembly.Memory, type: MatrixType): number {
  const dimensions = [COLUMNS, ROWS];
  const tensor = { name: 'probe', dimensions, type, part: 0, offset: 0, bytes: 0 };
  const matrix = planMatrix({ tensor, columns: COLUMNS, rows: ROWS });
  const view = new DataView(memory.buffer);
  const time = (bits: number, count: number, calls: number) => {
    writeMatrix(
      view,
      AT.matrix,
      matrix,
      AT.frame,
      { dotMode: 'saturating', sums16: new Map([[type, bits]]) },
      11,
    );
    const start = performance.now();
    for (let call = 0; call < calls; call++) {
      engine.multiply(AT.matrix, AT.x, count, AT.act, AT.scratch, AT.out);
    }
    return performance.now() - start;
  };
  const isFaster = (bit: number, count: number, calls: number) => {
    let sum16 = Infinity;
    let dot32 = Infinity;
    // In turns, so that other load meets both.
    for (let round = 0; round < ROUNDS; round++) {
      sum16 = Math.min(sum16, time(bit, count, calls));
      dot32 = Math.min(dot32, time(0, count, calls));
    }
    return sum16 <= dot32 * CLEARLY_SLOWER;
  };
  return (
    (isFaster(SUM16_GEMV, 1, CALLS.decode) ? SUM16_GEMV : 0) |
    (isFaster(SUM16_GEMM, PROMPT_TOKENS, CALLS.prefill) ? SUM16_GEMM : 0)
  );
}

/** The kernels' names for each type in a model, for people. */
export function describeKernels(
  { dotMode, sums16 }: KernelChoice,
  build: SimdBuild,
  plan: ModelPlan,
): Readonly<Record<string, TypeKernels>> {
  const describe = (type: MatrixType): TypeKernels => {
    if (build === 'wasm32-plain') return { decode: 'pairs', prefill: 'pairs' };
    if (hasEightBits(type) && dotMode === 'saturating') return { decode: 'halves', prefill: 'pairs' };
    const bits = sums16.get(type) ?? 0;
    return {
      decode: bits & SUM16_GEMV ? 'sum16' : 'dot32',
      prefill: bits & SUM16_GEMM ? 'sum16' : 'dot32',
    };
  };
  return Object.fromEntries(typesOf(plan).map((type) => [type, describe(type)]));
}
