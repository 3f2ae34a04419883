/** Hostile inputs a test reads, from a fixed seed: a few hundred in the everyday run, more in `npm run fuzz`. */
export const HOSTILE_RUNS = Number(process.env['FUZZ_RUNS'] ?? 300);

/** Ends a test that hangs. Nothing here is slow enough to come near it, at any number of runs. */
export const HANG_MS = 1_200_000;
