// The 24-case logic set end to end through the app, ours against wllama: it needs the built app, which this package
// does not know. Whoever has both passes `runSet(engine)`: seconds of wall clock for the set from a warm cache.

/** How many times faster the set runs on our engine, or null where no app is given. */
export async function measureSet(runSet) {
  if (!runSet) return null;
  const theirSeconds = await runSet('wllama');
  const ourSeconds = await runSet('simd');
  return theirSeconds / ourSeconds;
}
