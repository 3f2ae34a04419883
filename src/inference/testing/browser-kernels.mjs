// node browser-kernels.mjs [--build=wasm32-relaxed] [--shape=4096x4096] [--only=Q4_0,Q8_0] [--sums16=3]: one-thread speed of every kernel in Chromium.
import { openHarness } from './browser.mjs';

const KINDS = {
  F16: [1, 16, 1, 1],
  Q8_0: [3, 272, 5, 32],
  Q4_0: [4, 144, 3, 32],
  Q4_1: [5, 160, 2, 32],
  Q5_0: [6, 176, 4, 32],
  Q5_1: [7, 192, 2, 32],
  Q4_K: [8, 1184, 2, 256],
  Q5_K: [9, 1440, 2, 256],
  Q6_K: [10, 1680, 9, 256],
  Q3_K: [11, 912, 8, 256],
  Q2_K: [12, 672, 7, 256],
};
const flags = Object.fromEntries(
  process.argv.slice(2).map((a) => [a.slice(2).split('=')[0], a.slice(a.indexOf('=') + 1)]),
);
const [rows, columns] = (flags.shape ?? '4096x4096').split('x').map(Number);
const harness = await openHarness({ args: flags.args ? flags.args.split(',') : [] });
try {
  for (const build of (flags.build ?? 'wasm32-relaxed').split(',')) {
    for (const [name, [frame, bytes, form, block]] of Object.entries(KINDS)) {
      // Q8_0's exact kernels where the dot product saturates go with those that sum in 16 bits.
      const act = name === 'Q8_0' && Number(flags.sums16 ?? 0) ? 6 : form;
      if (flags.only && !flags.only.split(',').includes(name)) continue;
      if (columns % block) continue;
      const run = (count, reps) =>
        harness.call('kernel', {
          build,
          frame: build === 'wasm32-plain' && name === 'Q8_0' ? 13 : frame,
          groupBytes: (columns / block) * bytes,
          act,
          sums16: Number(flags.sums16 ?? 0),
          rows,
          columns,
          count,
          reps,
        });
      const one = await run(1, 40);
      const many = await run(64, 6);
      console.log(
        `${build} ${name} ${rows}x${columns}: GEMV ${one.gbPerS.toFixed(1)} GB/s ${one.gops.toFixed(1)} GOPS, GEMM(64) ${many.gops.toFixed(0)} GOPS`,
      );
    }
  }
} finally {
  await harness.close();
}
