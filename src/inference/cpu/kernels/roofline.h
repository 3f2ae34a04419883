// Two loops that do nothing but load the machine's limits: reading memory, and multiplying in registers.
// What the engine reaches of them says how much there is left to gain.
#pragma once
#include "base.h"

#define READ_STREAMS 4
#define DOT_CHAINS 12
#define DOT_UNROLL 4

// Reads `bytes` (a multiple of 64 times the streams) from `from`. Several streams at once, because a prefetcher stops
// at the end of a page: one stream alone waits for every page's first line. The sum keeps the loads alive.
EXPORT("readLoop") u32 read_loop(f64 from, f64 bytes) {
  uptr each = (uptr)(u64)bytes / READ_STREAMS;
  const u8 *p = (const u8 *)(uptr)(u64)from, *end = p + each;
  V s[2 * READ_STREAMS];
  UNROLL for (int i = 0; i < 2 * READ_STREAMS; i++) s[i] = wasm_i32x4_splat(0);
  for (; p < end; p += 64) UNROLL for (int i = 0; i < READ_STREAMS; i++) {
    const u8 *q = p + (uptr)i * each;
    s[2 * i] = wasm_i32x4_add(s[2 * i], wasm_i32x4_add(LOAD(q), LOAD(q + 16)));
    s[2 * i + 1] = wasm_i32x4_add(s[2 * i + 1], wasm_i32x4_add(LOAD(q + 32), LOAD(q + 48)));
  }
  UNROLL for (int i = 1; i < 2 * READ_STREAMS; i++) s[0] = wasm_i32x4_add(s[0], s[i]);
  return (u32)(wasm_i32x4_extract_lane(s[0], 0) + wasm_i32x4_extract_lane(s[0], 1) +
               wasm_i32x4_extract_lane(s[0], 2) + wasm_i32x4_extract_lane(s[0], 3));
}

// The kernels whose multiply-add dotLoop repeats (../roofline-loops.ts): names of matmul.h.
enum { LOOP_DOT32, LOOP_SUM16, LOOP_PAIRS };

// int8 operations (a multiplication and an addition are two) of one round of dotLoop.
EXPORT("dotRoundOps") u32 dot_round_ops(u32 kernel) {
#ifndef RELAXED
  kernel = LOOP_PAIRS;
#endif
  return DOT_UNROLL * DOT_CHAINS * (kernel == LOOP_PAIRS ? 8 : 16) * 2;
}

// The multiply-add of a kernel (matmul.h), on registers only. More chains than its latency times its throughput, each
// from its own start: equal ones would be computed once. SUM16 and PAIRS multiply the chain's own value: a product that
// never changes would be taken out of the loop.
INLINE u32 dot_chains(u32 kernel, u32 rounds, u32 a, u32 w) {
  V x = wasm_u32x4_splat(a), y = wasm_u32x4_splat(w), c[DOT_CHAINS];
  UNROLL for (int i = 0; i < DOT_CHAINS; i++) c[i] = wasm_i32x4_splat(i);
  for (u32 r = 0; r < rounds; r++)
    UNROLL for (int u = 0; u < DOT_UNROLL; u++) UNROLL for (int i = 0; i < DOT_CHAINS; i++) {
#ifdef RELAXED
      if (kernel == LOOP_DOT32) c[i] = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(x, y, c[i]);
      if (kernel == LOOP_SUM16) c[i] = wasm_i16x8_add(x, wasm_i16x8_relaxed_dot_i8x16_i7x16(c[i], y));
#endif
      if (kernel == LOOP_PAIRS) c[i] = wasm_i32x4_add(x, wasm_i32x4_dot_i16x8(c[i], y));
    }
  UNROLL for (int i = 1; i < DOT_CHAINS; i++) c[0] = wasm_i32x4_add(c[0], c[i]);
  return (u32)(wasm_i32x4_extract_lane(c[0], 0) + wasm_i32x4_extract_lane(c[0], 1) +
               wasm_i32x4_extract_lane(c[0], 2) + wasm_i32x4_extract_lane(c[0], 3));
}

EXPORT("dotLoop") u32 dot_loop(u32 kernel, u32 rounds, u32 a, u32 w) {
#ifdef RELAXED
  if (kernel == LOOP_DOT32) return dot_chains(LOOP_DOT32, rounds, a, w);
  if (kernel == LOOP_SUM16) return dot_chains(LOOP_SUM16, rounds, a, w);
#endif
  (void)kernel;
  return dot_chains(LOOP_PAIRS, rounds, a, w);
}
