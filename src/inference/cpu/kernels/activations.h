// Activations for the integer kernels: tiles of NT (1 or 4) tokens. A block covers BK (32 or 16) columns:
//   i32 BIAS_BITS - (sum(q) << off)[NT], f32 d[NT], f32 d*sum(q)[NT], q
// The first is the dot product's initial accumulator, which makes the correction for the weights' offset free;
// d*sum(q) multiplies the weights' minima.
// q is one of
//   bytes: i8 [BK/4][NT][4], for the relaxed dot products;
//   pairs: i16 [BK/4][2][NT][2], for i32x4.dot_i16x8: the plain build, and tiles of four tokens in A_Q32_WIDE;
//   halves: i8 [BK/4][4] of q >> 1, then the same of q & 1: single tokens in A_Q32_WIDE. A saturating dot product of
//     them with weights up to 255 is exact: 2 * 255 * 64 < 2^15.
#pragma once
#include "frames.h"

// Whether a form's panels and tiles hold pairs of 16 bits.
INLINE int is_wide(int act) {
#ifdef RELAXED
  return act == A_Q32_WIDE;
#else
  (void)act;
  return 1;
#endif
}

// Integer sums start at the bits of 1.5 * 2^23, so that, being below 2^22, they read as 1.5 * 2^23 + sum in f32:
// a subtraction converts them exactly, on a port that the dot products leave free.
#define BIAS_BITS 0x4b400000
#define BIAS_VALUE 12582912.f

INLINE u32 act_block(int bk, int nt, int wide) { return (u32)(nt * (12 + (wide ? 2 * bk : bk))); }
// Bytes of one tile of nt tokens and `cols` columns.
INLINE uptr act_tile(int act, u32 cols, int nt) {
  if (act == A_F32 || act == A_F32_SCALED) return (uptr)cols * 4 * nt;
  int bk = form_block(act);
  return (uptr)(cols / (u32)bk) * act_block(bk, nt, is_wide(act));
}

INLINE void quantize_block(const f32 *x, int bk, int off, int nt, int tok, int wide, u8 *out) {
  V v[8], a = FSPLAT(0), s = wasm_i32x4_splat(0);
  UNROLL for (int i = 0; i < bk / 4; i++) {
    v[i] = LOAD(x + 4 * i);
    a = wasm_f32x4_pmax(a, wasm_f32x4_abs(v[i]));
  }
  a = wasm_f32x4_pmax(a, wasm_i32x4_shuffle(a, a, 2, 3, 0, 1));
  a = wasm_f32x4_pmax(a, wasm_i32x4_shuffle(a, a, 1, 0, 3, 2));
  f32 amax = wasm_f32x4_extract_lane(a, 0);
  f32 d = amax / 127.f;
  // A denormal maximum has no finite inverse: such a block is zero.
  f32 inv = amax > 1e-30f ? 127.f / amax : 0.f;
  if (!(amax > 1e-30f)) d = 0.f;
  V vi = FSPLAT(inv);
  UNROLL for (int i = 0; i < bk / 4; i++) {
    v[i] = wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(FMUL(v[i], vi)));
    s = wasm_i32x4_add(s, v[i]);
  }
  i32 sum = (wasm_i32x4_extract_lane(s, 0) + wasm_i32x4_extract_lane(s, 1)) +
            (wasm_i32x4_extract_lane(s, 2) + wasm_i32x4_extract_lane(s, 3));
  ((i32 *)out)[tok] = BIAS_BITS - (off ? sum * (1 << off) : 0);
  ((f32 *)out)[nt + tok] = d;
  ((f32 *)out)[2 * nt + tok] = d * (f32)sum;
  u8 *q = out + 12 * nt + 4 * tok;
#ifdef RELAXED
  if (wide && nt == 1) {
    UNROLL for (int i = 0; i < bk / 16; i++) {
      V b = wasm_i8x16_narrow_i16x8(wasm_i16x8_narrow_i32x4(v[4 * i], v[4 * i + 1]),
                                    wasm_i16x8_narrow_i32x4(v[4 * i + 2], v[4 * i + 3]));
      STORE(q + 16 * i, wasm_i8x16_shr(b, 1));
      STORE(q + bk + 16 * i, wasm_v128_and(b, wasm_i8x16_splat(1)));
    }
    return;
  }
#endif
  if (wide) {
    UNROLL for (int i = 0; i < bk / 8; i++) {
      V b = wasm_i16x8_narrow_i32x4(v[2 * i], v[2 * i + 1]);
      wasm_v128_store32_lane(q + (4 * i + 0) * 4 * nt, b, 0);
      wasm_v128_store32_lane(q + (4 * i + 1) * 4 * nt, b, 1);
      wasm_v128_store32_lane(q + (4 * i + 2) * 4 * nt, b, 2);
      wasm_v128_store32_lane(q + (4 * i + 3) * 4 * nt, b, 3);
    }
    return;
  }
  UNROLL for (int i = 0; i < bk / 16; i++) {
    V b = wasm_i8x16_narrow_i16x8(wasm_i16x8_narrow_i32x4(v[4 * i], v[4 * i + 1]),
                                  wasm_i16x8_narrow_i32x4(v[4 * i + 2], v[4 * i + 3]));
    wasm_v128_store32_lane(q + (4 * i + 0) * 4 * nt, b, 0);
    wasm_v128_store32_lane(q + (4 * i + 1) * 4 * nt, b, 1);
    wasm_v128_store32_lane(q + (4 * i + 2) * 4 * nt, b, 2);
    wasm_v128_store32_lane(q + (4 * i + 3) * 4 * nt, b, 3);
  }
}

// One token's row into its place in a tile. A null row is a missing token: all zero.
INLINE void prepare_row(int act, const f32 *x, u32 cols, int nt, int tok, u8 *tile) {
  f32 zeros[32] = {0};
  if (act == A_F32 || act == A_F32_SCALED) {
    f32 *o = (f32 *)tile, k = act == A_F32 ? 1.f : 0x1p101f;
    for (u32 c = 0; c < cols; c++) o[c * (u32)nt + (u32)tok] = x ? x[c] * k : 0.f;
    return;
  }
#define ROW(BK, OFF, WIDE)                                                        \
  for (u32 c = 0; c < cols; c += BK, tile += act_block(BK, nt, WIDE))             \
    quantize_block(x ? x + c : zeros, BK, OFF, nt, tok, WIDE, tile);
  if (form_block(act) == 16) {
    int off = act == A_Q16_5 ? 5 : act == A_Q16_2 ? 2 : 0;
    ROW(16, off, is_wide(act))
  } else if (act == A_Q32_WIDE) {
    // GEMM's panels hold signed codes, GEMV reads the frame's, which are 128 more.
    ROW(32, nt == 1 ? 7 : 0, 1)
  } else {
    int off = act == A_Q32_7 ? 7 : act == A_Q32_4 ? 4 : act == A_Q32_3 ? 3 : 0;
    ROW(32, off, is_wide(A_Q32_0))
  }
#undef ROW
}
static void prepare_one(int act, const f32 *x, u32 cols, u8 *tile) { prepare_row(act, x, cols, 1, 0, tile); }
static void prepare_four(int act, const f32 *x, u32 cols, int tok, u8 *tile) { prepare_row(act, x, cols, 4, tok, tile); }
