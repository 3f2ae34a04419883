// Repacked weights. Rows come in groups of 8, columns in blocks of 32 (K-quants: superblocks of 256),
// and inside a block one i32x4 lane belongs to one row, so that no kernel ever sums across lanes.
//
// The 256 codes of a block are 16 vectors v = 2*j + g: columns 4j..4j+3 of rows 4g..4g+3. They are
// stored as bit planes:
//   4-bit plane, 8 vectors: low nibbles hold v, high nibbles v + 8
//   2-bit plane, 4 vectors: bits 2s..2s+1 hold v = p + 4s
//   1-bit plane, 2 vectors: bit s holds v = p + 2s
// f16 scales are multiplied by 2^shift (11 unless that overflows, exact) at repack, because f16
// subnormals, frequent in K-quants, would cost a microcode assist each as f32 subnormals.
#pragma once
#include "base.h"

enum { T_F32, T_F16, T_BF16, T_Q8_0, T_Q4_0, T_Q4_1, T_Q5_0, T_Q5_1, T_Q4_K, T_Q5_K, T_Q6_K, T_Q3_K, T_Q2_K,
       T_Q8_S, // Q8_0 with signed codes: where the dot product takes them as they are
       T_COUNT,
       // What repack.h reads but no kernel: blocks whose codes name values of 8 bits become Q8_0, signed or not.
       F_IQ4_NL = T_COUNT, F_IQ4_NL_S, F_IQ4_XS, F_IQ4_XS_S, F_MXFP4, F_MXFP4_S, F_COUNT };

// Activation forms. A matrix says which one it reads. The integer ones have the weights' offset worked in:
// blocks of 32 or 16 columns, log2 of the offset (0: none). WIDE serves Q8_0 under DOT_SATURATING (activations.h).
enum { A_F32, A_F32_SCALED, A_Q32_0, A_Q32_3, A_Q32_4, A_Q32_7, A_Q32_WIDE, A_Q16_0, A_Q16_2, A_Q16_5, A_COUNT };
INLINE int form_block(int form) { return form >= A_Q16_0 ? 16 : 32; }

// How relaxed_dot treats the second operand above 127 on this machine.
enum { DOT_SIGNED, DOT_UNSIGNED, DOT_SATURATING };

// Bits of Matrix.kernel: where products are summed in 16 bits (matmul.h). Never affects results, only speed.
enum { SUM16_GEMV = 1, SUM16_GEMM = 2 };

typedef struct { u64 data, type, rows, cols, group_bytes, act, kernel; f64 post; } Matrix;

typedef struct {
  int lo, hi;    // bits in the low and the high plane
  int off;       // log2 of the offset subtracted from codes, 0 = none
  int min;       // codes have a minimum
  int sub;       // scale per 16 columns instead of 32
  int k;         // superblocks of 256
} Traits;

INLINE Traits traits(int type) {
  switch (type) {
    case T_Q8_0: case F_IQ4_NL: case F_IQ4_XS: case F_MXFP4: return (Traits){8, 0, 7, 0, 0, 0};
    case T_Q8_S: case F_IQ4_NL_S: case F_IQ4_XS_S: case F_MXFP4_S: return (Traits){8, 0, 0, 0, 0, 0};
    case T_Q4_0: return (Traits){4, 0, 3, 0, 0, 0};
    case T_Q4_1: return (Traits){4, 0, 0, 1, 0, 0};
    case T_Q5_0: return (Traits){4, 1, 4, 0, 0, 0};
    case T_Q5_1: return (Traits){4, 1, 0, 1, 0, 0};
    case T_Q4_K: return (Traits){4, 0, 0, 1, 0, 1};
    case T_Q5_K: return (Traits){4, 1, 0, 1, 0, 1};
    case T_Q6_K: return (Traits){4, 2, 5, 0, 1, 1};
    case T_Q3_K: return (Traits){2, 1, 2, 0, 1, 1};
    case T_Q2_K: return (Traits){2, 0, 0, 1, 1, 1};
    default: return (Traits){0};
  }
}

// Bytes of the two planes of one block, of its scales, of a superblock header and of a whole block.
INLINE u32 plane_bytes(Traits t) { return 32 * (u32)(t.lo + t.hi); }
INLINE u32 scale_bytes(Traits t) {
  if (!t.k) return t.min ? 32 : 16;
  return t.sub ? 16 : t.min ? 16 : 8;
}
INLINE u32 head_bytes(Traits t) { return t.k ? (t.min ? 32 : 16) : 0; }
INLINE u32 block_bytes(Traits t) { return scale_bytes(t) + plane_bytes(t); }

INLINE u32 group_bytes(int type, u32 cols) {
  switch (type) {
    case T_F32: return cols * 32;
    case T_F16: case T_BF16: return cols * 16;
  }
  Traits t = traits(type);
  u32 blocks = cols / 32;
  return blocks * block_bytes(t) + (t.k ? cols / 256 * head_bytes(t) : 0);
}

// Address of block b (of 32 columns) within a group.
INLINE const u8 *block_at(Traits t, const u8 *group, u32 b) {
  return group + (uptr)b * block_bytes(t) + (t.k ? (uptr)(b / 8 + 1) * head_bytes(t) : 0);
}

// 16 codes: vector v of the block whose planes start at p.
INLINE V codes(Traits t, const u8 *p, int v) {
  V r;
  if (t.lo == 8) return LOAD(p + 16 * v);
  if (t.lo == 4) {
    V x = LOAD(p + 16 * (v & 7));
    r = wasm_v128_and(v < 8 ? x : wasm_u16x8_shr(x, 4), wasm_u8x16_splat(15));
  } else {
    V x = LOAD(p + 16 * (v & 3));
    int s = 2 * (v >> 2);
    r = wasm_v128_and(s ? wasm_u16x8_shr(x, s) : x, wasm_u8x16_splat(3));
  }
  if (t.hi) {
    int n = t.hi == 2 ? 4 : 2, s = t.hi * (v / n);
    V x = LOAD(p + 32 * t.lo + 16 * (v % n));
    x = s > t.lo ? wasm_u16x8_shr(x, s - t.lo) : s < t.lo ? wasm_i16x8_shl(x, t.lo - s) : x;
    r = wasm_v128_or(r, wasm_v128_and(x, wasm_u8x16_splat((u8)((t.hi == 2 ? 3 : 1) << t.lo))));
  }
  return r;
}

typedef struct { V d0, d1, m0, m1; } Scales;

INLINE Scales head_scales(Traits t, const u8 *head, V post) {
  Scales s;
  V d = LOAD(head);
  s.d0 = FMUL(HALF_LO(d), post);
  s.d1 = FMUL(HALF_HI(d), post);
  if (t.min) {
    V m = LOAD(head + 16), neg = wasm_f32x4_neg(post);
    s.m0 = FMUL(HALF_LO(m), neg);
    s.m1 = FMUL(HALF_HI(m), neg);
  } else {
    s.m0 = s.m1 = FSPLAT(0);
  }
  return s;
}

#define U8_LO(x) wasm_f32x4_convert_i32x4(wasm_u32x4_extend_low_u16x8(x))
#define U8_HI(x) wasm_f32x4_convert_i32x4(wasm_u32x4_extend_high_u16x8(x))
#define I8_LO(x) wasm_f32x4_convert_i32x4(wasm_i32x4_extend_low_i16x8(x))
#define I8_HI(x) wasm_f32x4_convert_i32x4(wasm_i32x4_extend_high_i16x8(x))

// Scales (and minima, sign included) of sub-block `half` of the block at p; `h` is its superblock's. Without
// superblocks still to be multiplied by the matrix's `post`.
INLINE Scales block_scales(Traits t, const u8 *p, int half, Scales h) {
  Scales s;
  s.m0 = s.m1 = FSPLAT(0);
  if (!t.k) {
    V d = LOAD(p);
    s.d0 = HALF_LO(d);
    s.d1 = HALF_HI(d);
    if (t.min) {
      V m = LOAD(p + 16);
      s.m0 = HALF_LO(m);
      s.m1 = HALF_HI(m);
    }
  } else if (t.sub && t.min) { // Q2_K: scale and minimum share a byte
    V x = wasm_u16x8_load8x8(p + 8 * half);
    V sc = wasm_v128_and(x, wasm_u16x8_splat(15)), mn = wasm_u16x8_shr(x, 4);
    s.d0 = FMUL(U8_LO(sc), h.d0);
    s.d1 = FMUL(U8_HI(sc), h.d1);
    s.m0 = FMUL(U8_LO(mn), h.m0);
    s.m1 = FMUL(U8_HI(mn), h.m1);
  } else if (t.sub) { // Q6_K, Q3_K: signed scales
    V x = wasm_i16x8_load8x8(p + 8 * half);
    s.d0 = FMUL(I8_LO(x), h.d0);
    s.d1 = FMUL(I8_HI(x), h.d1);
  } else {
    V x = wasm_u16x8_load8x8(p), m = wasm_u16x8_load8x8(p + 8);
    s.d0 = FMUL(U8_LO(x), h.d0);
    s.d1 = FMUL(U8_HI(x), h.d1);
    s.m0 = FMUL(U8_LO(m), h.m0);
    s.m1 = FMUL(U8_HI(m), h.m1);
  }
  return s;
}
