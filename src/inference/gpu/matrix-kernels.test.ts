import { afterAll, expect, test } from 'vitest';
import { relativeError } from '../testing/logits-fixture';
import { PLANE_LAYOUTS } from './planes';
import type { GpuType } from './planes';
import { HARDWARE_FORM, matvecKernel, matvecRows, SOFTWARE_FORM, TILE, tileKernel } from './shader-kernels';
import { describeGpu } from './testing/describe-gpu';
import { createMatrixProblem, multiplyOnDevice } from './testing/matrix-harness';
import type { MatrixProblem } from './testing/matrix-harness';

const TYPES = Object.keys(PLANE_LAYOUTS) as GpuType[];
const LOGITS = { kind: 'logits' } as const;
/** Sums of floats in another order than in doubles: far below what a wrong code or scale would make. */
const TOLERANCE = 2e-6;

/** Rows and columns that fill neither a workgroup nor, for floats, a unit. */
const raggedProblem = (type: GpuType, vectors: number): MatrixProblem => {
  const { blockValues } = PLANE_LAYOUTS[type];
  const columns = blockValues === 1 ? 1070 : blockValues === 32 ? 1056 : 1280;
  return { type, rows: 77, columns, vectors };
};

await describeGpu('matrix kernels against doubles', (requestDevice) => {
  const opened = requestDevice();
  opened.catch(() => undefined);
  afterAll(async () => (await opened).destroy());

  const compare = async (problem: MatrixProblem, columns: number, form = SOFTWARE_FORM) => {
    const made = createMatrixProblem(problem);
    const groups = [
      Math.ceil(problem.rows / matvecRows(form)),
      Math.ceil(problem.vectors / columns),
    ] as const;
    const kernel = matvecKernel(problem.type, columns, LOGITS, form);
    const result = await multiplyOnDevice(await opened, kernel, problem, made, groups);
    made.sums.forEach((sums, vector) => {
      const own = result.subarray(vector * problem.rows, (vector + 1) * problem.rows);
      expect(relativeError(own, sums)).toBeLessThan(TOLERANCE);
    });
    return result;
  };

  test.each(TYPES)('matvec %s', async (type) => {
    await compare(raggedProblem(type, 1), 1);
  });

  test.each(['F16', 'Q4_0', 'Q6_K'] as const)('matvec %s, unrolled', async (type) => {
    await compare(raggedProblem(type, 3), 4, HARDWARE_FORM);
  });

  test.each([
    ['software', SOFTWARE_FORM],
    ['hardware', HARDWARE_FORM],
  ])(
    'a vector is multiplied the same alone and among 2, 4, 8, 16 and 19, in the %s form',
    async (_, form) => {
      const problem = raggedProblem('Q4_0', 19);
      const all = await compare(problem, 16, form);
      for (const [vectors, columns] of [
        [1, 1],
        [2, 2],
        [3, 4],
        [7, 8],
      ] as const) {
        const some = await compare({ ...problem, vectors }, columns, form);
        expect(some).toEqual(all.subarray(0, some.length));
      }
    },
  );

  test.each(TYPES)('tile %s', async (type) => {
    const problem = raggedProblem(type, 70);
    const made = createMatrixProblem(problem);
    const kernel = tileKernel(type, LOGITS, SOFTWARE_FORM);
    const groups = [Math.ceil(problem.rows / TILE), Math.ceil(problem.vectors / TILE)] as const;
    const result = await multiplyOnDevice(await opened, kernel, problem, made, groups);
    made.sums.forEach((sums, vector) => {
      const own = result.subarray(vector * problem.rows, (vector + 1) * problem.rows);
      expect(relativeError(own, sums)).toBeLessThan(TOLERANCE);
    });
  });

  test('a kernel that leaves out a unit of columns is found', async () => {
    const problem = raggedProblem('Q8_0', 1);
    const made = createMatrixProblem(problem);
    const kernel = matvecKernel('Q8_0', 1, LOGITS, SOFTWARE_FORM);
    const broken = {
      ...kernel,
      key: 'broken',
      code: kernel.code.replace('u < shape.units', 'u < shape.units - 1u'),
    };
    expect(broken.code).not.toBe(kernel.code);
    const result = await multiplyOnDevice(await opened, broken, problem, made, [20, 1]);
    expect(relativeError(result, made.sums[0] ?? [])).toBeGreaterThan(0.01);
  });
});
