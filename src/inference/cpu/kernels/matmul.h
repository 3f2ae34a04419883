// GEMV (one token) and GEMM (tiles of 4 tokens) over repacked weights. For the integer types both add
// the same terms in the same order, so a token's result does not depend on how it was batched.
#pragma once
#include "activations.h"

#define PANEL_BYTES 40960
// WASM has no prefetch; a load this far ahead starts the hardware's at page boundaries. Caches and buffers
// follow the weights in memory, so it stays inside.
#define AHEAD 1024
#define CVT(x) wasm_f32x4_sub(x, FSPLAT(BIAS_VALUE))

// How a kernel multiplies activations of 8 bits with codes, four columns of four rows at a time:
//   DOT32: the relaxed dot product that adds in 32 bits, one instruction where the CPU has VNNI or ARM's dot product
//     and five where it does not;
//   SUM16: the relaxed dot product of 16 bits, one instruction on x86, summed in 16 bits for as long as that is exact;
//   HALVES: for codes up to 255, which the one of 16 bits would saturate: activations in two parts (A_Q32_WIDE);
//   PAIRS: i32x4.dot_i16x8 on codes and activations extended to 16 bits.
// All give the same sums.
typedef enum { DOT32, SUM16, HALVES, PAIRS } Dot;

// k-groups (of 4 columns) that SUM16 may sum up: each adds at most 2 * (2^bits - 1) * 127 to a lane.
INLINE int sum16_groups(Traits t) { return t.lo + t.hi <= 4 ? 8 : t.lo + t.hi == 5 ? 4 : 2; }

#ifdef RELAXED
INLINE V dot16(V a, V w) { return wasm_i16x8_relaxed_dot_i8x16_i7x16(a, w); }
#endif

// `groups` k-groups of single-token activations q, times n vectors of codes each; planes[i] and first[i] name them.
INLINE void gemv_dot(Dot dot, Traits t, int groups, int n, const u8 *planes, uptr stride, int first, const u8 *q, V *c) {
#ifdef RELAXED
  V s[4];
  int most = sum16_groups(t);
  // The high nibbles of a plane's first half are its second half: a load serves both.
  int paired = t.lo == 4 && groups == 8;
  UNROLL for (int j = 0; j < groups; j++) {
    int k = paired ? j / 2 + 4 * (j % 2) : j;
    V a = SPLAT(q + 4 * k), odd = a;
    if (dot == HALVES) odd = SPLAT(q + 4 * (groups + k));
    UNROLL for (int i = 0; i < n; i++) {
      V w = codes(t, planes + (uptr)(i / 2) * stride, first + 2 * k + i % 2);
      if (dot == DOT32) c[i] = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(a, w, c[i]);
      else if (dot == SUM16) {
        s[i] = j % most ? wasm_i16x8_add(s[i], dot16(a, w)) : dot16(a, w);
        if (j % most == most - 1 || j == groups - 1) c[i] = wasm_i32x4_add(c[i], wasm_i32x4_extadd_pairwise_i16x8(s[i]));
      } else {
        c[i] = wasm_i32x4_add(c[i], wasm_i32x4_dot_i16x8(dot16(a, w), wasm_i16x8_splat(2)));
        s[i] = j ? wasm_i16x8_add(s[i], dot16(odd, w)) : dot16(odd, w);
        if (j == groups - 1) c[i] = wasm_i32x4_add(c[i], wasm_i32x4_extadd_pairwise_i16x8(s[i]));
      }
    }
    // The short DOT32 every other time: more loads under way.
    if ((paired || dot == DOT32) && j % 2 == 0) continue;
    if (dot != DOT32) {
      if (n == 4) PIN4(s[0], s[1], s[2], s[3]);
      else PIN2(s[0], s[1]);
    }
    if (dot != SUM16) {
      if (n == 4) PIN4(c[0], c[1], c[2], c[3]);
      else PIN2(c[0], c[1]);
    }
  }
#else
  (void)dot; // PAIRS
  int paired = t.lo == 4 && groups == 8;
  UNROLL for (int j = 0; j < groups; j++) {
    int k = paired ? j / 2 + 4 * (j % 2) : j;
    UNROLL for (int i = 0; i < n; i++) {
      V w = codes(t, planes + (uptr)(i / 2) * stride, first + 2 * k + i % 2);
      c[i] = wasm_i32x4_add(c[i], wasm_i32x4_dot_i16x8(wasm_i16x8_extend_low_i8x16(w), SPLAT(q + 8 * k)));
      c[i] = wasm_i32x4_add(c[i], wasm_i32x4_dot_i16x8(wasm_i16x8_extend_high_i8x16(w), SPLAT(q + 8 * k + 4)));
    }
    if (j % 2 == 0) continue;
    if (n == 4) PIN4(c[0], c[1], c[2], c[3]);
    else PIN2(c[0], c[1]);
  }
#endif
}

// One block of NG row groups, `stride` bytes apart. Two groups at once: the activations are loaded once for
// both, and two streams of weights keep more cache misses in flight than one.
INLINE void gemv_block(Dot dot, Traits t, int ng, const u8 *p, uptr stride, const u8 **act, const Scales *h, V post, V *f) {
  int bk = t.sub ? 16 : 32, kg = bk / 4;
  const u8 *planes = p + scale_bytes(t);
  UNROLL for (int half = 0; half < 32 / bk; half++) {
    const u8 *a = *act, *q = a + 12;
    V c[4], z = SPLAT(a);
    if (half == 0) UNROLL for (int g = 0; g < ng; g++)
      for (u32 b = 0; b < block_bytes(t); b += 64) (void)*(volatile const u32 *)(p + (uptr)g * stride + AHEAD + b);
    UNROLL for (int i = 0; i < 2 * ng; i++) c[i] = z;
    gemv_dot(dot, t, kg, 2 * ng, planes, stride, 2 * half * kg, q, c);
    V da = SPLAT(a + 4), ds = SPLAT(a + 8);
    // A power of two: multiplying the other factor by it gives the same bits, and is needed once.
    if (!t.k) da = FMUL(da, post), ds = FMUL(ds, post);
    UNROLL for (int g = 0; g < ng; g++) {
      Scales s = block_scales(t, p + (uptr)g * stride, half, h[g]);
      f[2 * g] = MADD(CVT(c[2 * g]), FMUL(s.d0, da), f[2 * g]);
      f[2 * g + 1] = MADD(CVT(c[2 * g + 1]), FMUL(s.d1, da), f[2 * g + 1]);
      if (t.min) {
        f[2 * g] = MADD(s.m0, ds, f[2 * g]);
        f[2 * g + 1] = MADD(s.m1, ds, f[2 * g + 1]);
      }
    }
    *act += act_block(bk, 1, dot >= HALVES);
  }
}

// Four groups as two pairs: registers hold one pair's sums, and four streams of weights keep more misses in flight.
INLINE void gemv_pairs(Dot dot, Traits t, int ng, const u8 *p, uptr stride, const u8 **act, const Scales *h, V post, V *f) {
  const u8 *again = *act;
  if (ng == 4) gemv_block(dot, t, 2, p + 2 * stride, stride, &again, h + 2, post, f + 4);
  gemv_block(dot, t, ng == 4 ? 2 : ng, p, stride, act, h, post, f);
}

// Groups g, g + apart, ...: ng of them.
INLINE void gemv_q(Dot dot, int type, int ng, const Matrix *m, u32 g, u32 apart, const u8 *act, f32 *out) {
  Traits t = traits(type);
  uptr stride = (uptr)m->group_bytes * apart;
  const u8 *p = (const u8 *)(uptr)m->data + (uptr)g * (uptr)m->group_bytes;
  u32 nb = (u32)m->cols / 32;
  V post = FSPLAT((f32)m->post), z = FSPLAT(0), f[8] = {z, z, z, z, z, z, z, z};
  Scales h[4] = {{z, z, z, z}, {z, z, z, z}, {z, z, z, z}, {z, z, z, z}};
  if (t.k) {
    for (u32 s = 0; s < nb / 8; s++) {
      UNROLL for (int i = 0; i < ng; i++) h[i] = head_scales(t, p + (uptr)i * stride, post);
      p += head_bytes(t);
      for (int b = 0; b < 8; b++, p += block_bytes(t)) gemv_pairs(dot, t, ng, p, stride, &act, h, post, f);
    }
  } else {
    for (u32 b = 0; b < nb; b++, p += block_bytes(t)) gemv_pairs(dot, t, ng, p, stride, &act, h, post, f);
  }
  UNROLL for (int i = 0; i < 2 * ng; i++) STORE(out + (uptr)(i / 2) * 8 * apart + 4 * (i % 2), f[i]);
}

// Columns k of 8 rows as f32 (f16: times 2^-101, which A_F32_SCALED undoes).
INLINE void float_column(int type, const u8 *p, u32 k, V *w0, V *w1) {
  if (type == T_F32) {
    *w0 = LOAD(p + (uptr)k * 32);
    *w1 = LOAD(p + (uptr)k * 32 + 16);
    return;
  }
  V x = LOAD(p + (uptr)k * 16);
  if (type == T_F16) {
    *w0 = HALF_LO(x);
    *w1 = HALF_HI(x);
  } else {
    *w0 = wasm_i32x4_shl(wasm_u32x4_extend_low_u16x8(x), 16);
    *w1 = wasm_i32x4_shl(wasm_u32x4_extend_high_u16x8(x), 16);
  }
}

INLINE void gemv_f(int type, const Matrix *m, u32 g, const u8 *act, f32 *out) {
  const u8 *p = (const u8 *)(uptr)m->data + (uptr)g * (uptr)m->group_bytes;
  const f32 *a = (const f32 *)act;
  u32 k = 0, cols = (u32)m->cols;
  V z = FSPLAT(0), s[8] = {z, z, z, z, z, z, z, z}, w0, w1;
  for (; k + 4 <= cols; k += 4) {
    UNROLL for (int i = 0; i < 4; i++) {
      float_column(type, p, k + (u32)i, &w0, &w1);
      V x = SPLAT(a + k + i);
      s[2 * i] = MADD(w0, x, s[2 * i]);
      s[2 * i + 1] = MADD(w1, x, s[2 * i + 1]);
    }
  }
  for (; k < cols; k++) {
    float_column(type, p, k, &w0, &w1);
    V x = SPLAT(a + k);
    s[0] = MADD(w0, x, s[0]);
    s[1] = MADD(w1, x, s[1]);
  }
  V post = FSPLAT((f32)m->post);
  STORE(out, FMUL(FADD(FADD(s[0], s[2]), FADD(s[4], s[6])), post));
  STORE(out + 4, FMUL(FADD(FADD(s[1], s[3]), FADD(s[5], s[7])), post));
}

// Apart, so that the browser's compiler gets to optimise each by itself, and only those in use.
#define GEMV(DOT, T)                                                                                     \
  static __attribute__((noinline)) void gemv_##DOT##_##T(const Matrix *m, u32 g, u32 end, const u8 *act, f32 *out) { \
    u32 quarter = (end - g) / 4;                                                                         \
    for (u32 i = 0; i < quarter; i++) gemv_q(DOT, T, 4, m, g + i, quarter, act, out + 8 * i);            \
    g += 4 * quarter, out += 32 * quarter;                                                               \
    u32 half = (end - g) / 2;                                                                            \
    for (u32 i = 0; i < half; i++) gemv_q(DOT, T, 2, m, g + i, half, act, out + 8 * i);                  \
    if ((end - g) & 1) gemv_q(DOT, T, 1, m, end - 1, 0, act, out + 16 * half);                           \
  }
// The types with codes below 128.
#define SMALL_TYPES(X, DOT)                                                                              \
  X(DOT, T_Q4_0) X(DOT, T_Q4_1) X(DOT, T_Q5_0) X(DOT, T_Q5_1) X(DOT, T_Q4_K) X(DOT, T_Q5_K)              \
  X(DOT, T_Q6_K) X(DOT, T_Q3_K) X(DOT, T_Q2_K)
#ifdef RELAXED
SMALL_TYPES(GEMV, DOT32) SMALL_TYPES(GEMV, SUM16)
GEMV(DOT32, T_Q8_0) GEMV(HALVES, T_Q8_0) GEMV(DOT32, T_Q8_S)
#else
SMALL_TYPES(GEMV, PAIRS) GEMV(PAIRS, T_Q8_S)
#endif
#undef GEMV

// Rows 8*g0 .. 8*g1 of m times one prepared token, into out[8*(g1-g0)].
static void gemv(const Matrix *m, u32 g0, u32 g1, const u8 *act, f32 *out) {
#define CASE(DOT, T) case T: gemv_##DOT##_##T(m, g0, g1, act, out); return;
#define FLOATS(T) case T: for (u32 g = g0; g < g1; g++, out += 8) gemv_f(T, m, g, act, out); return;
#ifdef RELAXED
  if (m->kernel & SUM16_GEMV) switch ((int)m->type) { SMALL_TYPES(CASE, SUM16) }
  if (m->act == A_Q32_WIDE) {
    gemv_HALVES_T_Q8_0(m, g0, g1, act, out);
    return;
  }
#endif
  switch ((int)m->type) {
    FLOATS(T_F32) FLOATS(T_F16) FLOATS(T_BF16)
#ifdef RELAXED
    CASE(DOT32, T_Q8_0) CASE(DOT32, T_Q8_S) SMALL_TYPES(CASE, DOT32)
#else
    CASE(PAIRS, T_Q8_S) SMALL_TYPES(CASE, PAIRS)
#endif
  }
#undef CASE
#undef FLOATS
}

// ---- GEMM: blocks of one row group unpacked into an L1 panel, then swept by all tokens ----
// Panel block: f32 d[8], f32 m[8], codes (bytes, or pairs of columns in 16 bits: extended once, here).

INLINE u32 panel_block(int bk, int wide) { return 64 + (u32)bk * (wide ? 16 : 8); }

INLINE u8 *put_codes(int wide, u8 *o, V c) {
  if (!wide) {
    STORE(o, c);
    return o + 16;
  }
#ifdef RELAXED
  // Only Q8_0's: without their offset, columns 0, 1 of four rows first, then 2, 3.
  c = wasm_v128_xor(c, wasm_u8x16_splat(0x80));
  c = wasm_i8x16_shuffle(c, c, 0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
#endif
  STORE(o, wasm_i16x8_extend_low_i8x16(c));
  STORE(o + 16, wasm_i16x8_extend_high_i8x16(c));
  return o + 32;
}

INLINE void unpack_q(int type, int wide, const Matrix *m, u32 g, u32 b0, u32 n, u8 *o) {
  Traits t = traits(type);
  int bk = t.sub ? 16 : 32, per = 2 * bk / 4;
  const u8 *group = (const u8 *)(uptr)m->data + (uptr)g * (uptr)m->group_bytes;
  V post = FSPLAT((f32)m->post), z = FSPLAT(0);
  Scales h = {z, z, z, z};
  for (u32 b = b0; b < b0 + n; b++) {
    const u8 *p = block_at(t, group, b), *planes = p + scale_bytes(t);
    if (t.k && (b == b0 || b % 8 == 0)) h = head_scales(t, block_at(t, group, b & ~7u) - head_bytes(t), post);
    UNROLL for (int half = 0; half < 32 / bk; half++) {
      Scales s = block_scales(t, p, half, h);
      if (!t.k) s.d0 = FMUL(s.d0, post), s.d1 = FMUL(s.d1, post), s.m0 = FMUL(s.m0, post), s.m1 = FMUL(s.m1, post);
      STORE(o, s.d0);
      STORE(o + 16, s.d1);
      STORE(o + 32, s.m0);
      STORE(o + 48, s.m1);
      o += 64;
      UNROLL for (int v = 0; v < per; v++) o = put_codes(wide, o, codes(t, planes, half * per + v));
    }
  }
}

static void unpack(const Matrix *m, int wide, u32 g, u32 b0, u32 n, u8 *o) {
  switch ((int)m->type) {
#ifdef RELAXED
#define CASE(WIDE, T) case T: unpack_q(T, WIDE, m, g, b0, n, o); return;
    case T_Q8_0:
      if (wide) unpack_q(T_Q8_0, 1, m, g, b0, n, o);
      else unpack_q(T_Q8_0, 0, m, g, b0, n, o);
      return;
    CASE(0, T_Q8_S) SMALL_TYPES(CASE, 0)
#else
#define CASE(WIDE, T) case T: unpack_q(T, WIDE, m, g, b0, n, o); return;
    CASE(1, T_Q8_S) SMALL_TYPES(CASE, 1)
#endif
#undef CASE
  }
  (void)wide;
}

// Integer sums of 8 rows and tokens first .. first + n of a block, into c[2 * token + half]; with `start` on top of the
// tile's initial value.
INLINE void tile_dot(Dot dot, int start, int groups, int most, const u8 *w, const u8 *a, int first, int n, V *c) {
  const u8 *q = a + 48 + 4 * first;
  V s[8];
  if (dot != SUM16)
    UNROLL for (int t = 0; t < n; t++) c[2 * t] = c[2 * t + 1] = SPLAT(a + 4 * (first + t));
  // PAIRS: a k-group is two steps of two columns.
  UNROLL for (int j = 0; j < (dot == PAIRS ? 2 * groups : groups); j++) {
    V w0 = LOAD(dot == PAIRS ? w + 64 * (j / 2) + 16 * (j % 2) : w + 32 * j);
    V w1 = LOAD(dot == PAIRS ? w + 64 * (j / 2) + 16 * (j % 2) + 32 : w + 32 * j + 16);
    UNROLL for (int t = 0; t < n; t++) {
      V x = SPLAT(q + 16 * j + 4 * t);
#ifdef RELAXED
      if (dot == DOT32) {
        c[2 * t] = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(x, w0, c[2 * t]);
        c[2 * t + 1] = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(x, w1, c[2 * t + 1]);
      }
      if (dot == SUM16) {
        s[2 * t] = j % most ? wasm_i16x8_add(s[2 * t], dot16(x, w0)) : dot16(x, w0);
        s[2 * t + 1] = j % most ? wasm_i16x8_add(s[2 * t + 1], dot16(x, w1)) : dot16(x, w1);
      }
#endif
      if (dot == PAIRS) {
        c[2 * t] = wasm_i32x4_add(c[2 * t], wasm_i32x4_dot_i16x8(x, w0));
        c[2 * t + 1] = wasm_i32x4_add(c[2 * t + 1], wasm_i32x4_dot_i16x8(x, w1));
      }
    }
    V *pin = dot == SUM16 ? s : c;
    if (n == 4) PIN8(pin[0], pin[1], pin[2], pin[3], pin[4], pin[5], pin[6], pin[7]);
    else PIN4(pin[0], pin[1], pin[2], pin[3]);
    if (dot == SUM16 && (j % most == most - 1 || j == groups - 1))
      UNROLL for (int i = 0; i < 2 * n; i++) {
        V wide = wasm_i32x4_extadd_pairwise_i16x8(s[i]);
        c[i] = j < most ? wide : wasm_i32x4_add(c[i], wide);
      }
  }
  if (dot == SUM16 && start)
    UNROLL for (int t = 0; t < n; t++) {
      V z = SPLAT(a + 4 * (first + t));
      c[2 * t] = wasm_i32x4_add(c[2 * t], z);
      c[2 * t + 1] = wasm_i32x4_add(c[2 * t + 1], z);
    }
}

// n panel blocks times one tile of 4 tokens, added to acc[4 tokens][8 rows]. Sums of 16 bits that must be widened
// within a block need registers for both widths: two tokens at a time.
INLINE void micro(Dot dot, int bk, int min, int most, const u8 *p, u32 n, const u8 *a, f32 *acc) {
  // Types with a minimum have no offset, so that their sums need no start; converting them is one instruction then.
  int start = dot != SUM16 || !min;
  int wide = dot == PAIRS, groups = bk / 4, together = dot == SUM16 && most < groups ? 2 : 4;
  for (u32 b = 0; b < n; b++, p += panel_block(bk, wide), a += act_block(bk, 4, wide)) {
    UNROLL for (int first = 0; first < 4; first += together) {
      V c[8];
      tile_dot(dot, start, groups, most, p + 64, a, first, together, c);
      V d0 = LOAD(p), d1 = LOAD(p + 16), m0, m1;
      if (min) m0 = LOAD(p + 32), m1 = LOAD(p + 48);
      UNROLL for (int t = 0; t < together; t++) {
        f32 *to = acc + 8 * (first + t);
        V da = SPLAT(a + 16 + 4 * (first + t));
        V f0 = MADD(start ? CVT(c[2 * t]) : wasm_f32x4_convert_i32x4(c[2 * t]), FMUL(d0, da), LOAD(to));
        V f1 = MADD(start ? CVT(c[2 * t + 1]) : wasm_f32x4_convert_i32x4(c[2 * t + 1]), FMUL(d1, da), LOAD(to + 4));
        if (min) {
          V ds = SPLAT(a + 32 + 4 * (first + t));
          f0 = MADD(m0, ds, f0);
          f1 = MADD(m1, ds, f1);
        }
        STORE(to, f0);
        STORE(to + 4, f1);
      }
    }
  }
}

#define SWEEP(NAME, DOT, BK, MIN, MOST)                                                                  \
  static __attribute__((noinline)) void NAME(const u8 *panel, u32 n, const u8 *act, uptr tile, u32 tiles, f32 *acc) { \
    for (u32 t = 0; t < tiles; t++) micro(DOT, BK, MIN, MOST, panel, n, act + t * tile, acc + t * 32);   \
  }
#ifdef RELAXED
#define ANY DOT32
SWEEP(sweep_wide, PAIRS, 32, 0, 0)
SWEEP(sum16_32, SUM16, 32, 0, 8) SWEEP(sum16_32_min, SUM16, 32, 1, 8)
SWEEP(sum16_32_five, SUM16, 32, 0, 4) SWEEP(sum16_32_five_min, SUM16, 32, 1, 4)
SWEEP(sum16_16, SUM16, 16, 0, 4) SWEEP(sum16_16_min, SUM16, 16, 1, 4) SWEEP(sum16_16_six, SUM16, 16, 0, 2)
#else
#define ANY PAIRS
#endif
SWEEP(sweep_32, ANY, 32, 0, 0) SWEEP(sweep_32_min, ANY, 32, 1, 0) SWEEP(sweep_16, ANY, 16, 0, 0) SWEEP(sweep_16_min, ANY, 16, 1, 0)
#undef SWEEP
#undef ANY

typedef void Sweep(const u8 *panel, u32 n, const u8 *act, uptr tile, u32 tiles, f32 *acc);

static Sweep *sweep_of(const Matrix *m) {
#ifdef RELAXED
  if (m->act == A_Q32_WIDE) return sweep_wide;
  if (m->kernel & SUM16_GEMM) switch ((int)m->type) {
    case T_Q4_0: return sum16_32;
    case T_Q4_1: case T_Q4_K: return sum16_32_min;
    case T_Q5_0: return sum16_32_five;
    case T_Q5_1: case T_Q5_K: return sum16_32_five_min;
    case T_Q6_K: return sum16_16_six;
    case T_Q3_K: return sum16_16;
    case T_Q2_K: return sum16_16_min;
  }
#endif
  switch ((int)m->type) {
    case T_Q8_0: case T_Q8_S: case T_Q4_0: case T_Q5_0: return sweep_32;
    case T_Q6_K: case T_Q3_K: return sweep_16;
    case T_Q2_K: return sweep_16_min;
    default: return sweep_32_min;
  }
}

static void float_sweep(const f32 *panel, u32 n, const f32 *act, uptr stride, u32 tiles, f32 *acc) {
  for (u32 t = 0; t < tiles; t++, acc += 32) {
    const f32 *a = act + t * stride, *w = panel;
    V c00 = LOAD(acc), c10 = LOAD(acc + 4), c01 = LOAD(acc + 8), c11 = LOAD(acc + 12);
    V c02 = LOAD(acc + 16), c12 = LOAD(acc + 20), c03 = LOAD(acc + 24), c13 = LOAD(acc + 28);
    for (u32 k = 0; k < n; k++, a += 4, w += 8) {
      V w0 = LOAD(w), w1 = LOAD(w + 4), x;
      x = SPLAT(a), c00 = MADD(w0, x, c00), c10 = MADD(w1, x, c10);
      x = SPLAT(a + 1), c01 = MADD(w0, x, c01), c11 = MADD(w1, x, c11);
      x = SPLAT(a + 2), c02 = MADD(w0, x, c02), c12 = MADD(w1, x, c12);
      x = SPLAT(a + 3), c03 = MADD(w0, x, c03), c13 = MADD(w1, x, c13);
    }
    STORE(acc, c00), STORE(acc + 4, c10), STORE(acc + 8, c01), STORE(acc + 12, c11);
    STORE(acc + 16, c02), STORE(acc + 20, c12), STORE(acc + 24, c03), STORE(acc + 28, c13);
  }
}

static void float_unpack(const Matrix *m, u32 g, u32 k0, u32 n, f32 *o) {
  const u8 *p = (const u8 *)(uptr)m->data + (uptr)g * (uptr)m->group_bytes;
  V w0, w1;
#define F(T) for (u32 k = k0; k < k0 + n; k++, o += 8) { float_column(T, p, k, &w0, &w1); STORE(o, w0); STORE(o + 4, w1); }
  if (m->type == T_F16) F(T_F16)
  else if (m->type == T_BF16) F(T_BF16)
  else F(T_F32)
#undef F
}

INLINE int is_float(const Matrix *m) { return m->type <= T_BF16; }
INLINE int matrix_bk(const Matrix *m) { return form_block((int)m->act); }

// Row group g of m times `tiles` prepared tiles, into acc[tiles][4 tokens][8 rows].
static void gemm(const Matrix *m, u32 g, const u8 *act, u32 tiles, u8 *panel, f32 *acc) {
  u32 cols = (u32)m->cols;
  uptr tile = act_tile((int)m->act, cols, 4);
  V z = FSPLAT(0);
  for (u32 i = 0; i < tiles * 32; i += 4) STORE(acc + i, z);
  if (is_float(m)) {
    for (u32 k = 0; k < cols; k += 1024) {
      u32 n = min32(1024, cols - k);
      float_unpack(m, g, k, n, (f32 *)panel);
      float_sweep((f32 *)panel, n, (const f32 *)act + (uptr)k * 4, tile / 4, tiles, acc);
    }
    V post = FSPLAT((f32)m->post);
    for (u32 i = 0; i < tiles * 32; i += 4) STORE(acc + i, FMUL(LOAD(acc + i), post));
    return;
  }
  int bk = matrix_bk(m), wide = is_wide((int)m->act);
  Sweep *sweep = sweep_of(m);
  u32 nb = cols / 32, most = wide ? 32 : 64, sub = 32 / (u32)bk;
  for (u32 b = 0; b < nb; b += most) {
    u32 n = min32(most, nb - b);
    unpack(m, wide, g, b, n, panel);
    sweep(panel, n * sub, act + (uptr)(b * sub) * act_block(bk, 4, wide), tile, tiles, acc);
  }
}

// One row of m, dequantized: the token embedding. Unpacks the whole group: eight times the work, once a token.
static void matrix_row(const Matrix *m, u32 row, u8 *panel, f32 *out) {
  u32 g = row / 8, r = row % 8, cols = (u32)m->cols;
  if (is_float(m)) {
    f32 k = m->type == T_F16 ? 0x1p101f * (f32)m->post : 1.f;
    for (u32 c = 0; c < cols; c += 1024) {
      u32 n = min32(1024, cols - c);
      float_unpack(m, g, c, n, (f32 *)panel);
      for (u32 i = 0; i < n; i++) out[c + i] = ((f32 *)panel)[i * 8 + r] * k;
    }
    return;
  }
  int bk = matrix_bk(m);
  Traits t = traits((int)m->type);
  // traits() of a variable type is a switch; only off is needed.
  for (u32 b = 0; b < cols / 32; b++) {
    unpack(m, 0, g, b, 1, panel);
    for (int half = 0; half < 32 / bk; half++) {
      const u8 *p = panel + (u32)half * panel_block(bk, is_wide(A_Q32_0));
      f32 d = ((const f32 *)p)[r], mn = ((const f32 *)p)[8 + r];
      for (int k = 0; k < bk; k++) {
        u32 v = (u32)(k / 4) * 2 + r / 4;
#ifdef RELAXED
        i32 c = p[64 + v * 16 + (r & 3) * 4 + (u32)(k & 3)];
        if (m->type == T_Q8_S) c = (i8)c;
#else
        i32 c = ((const int16_t *)(p + 64))[v * 16 + (u32)(k >> 1 & 1) * 8 + (r & 3) * 2 + (u32)(k & 1)];
#endif
        out[b * 32 + (u32)(half * bk + k)] = d * (f32)(t.off ? c - (1 << t.off) : c) + mn;
      }
    }
  }
}
