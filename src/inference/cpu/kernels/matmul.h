// GEMV (one token) and GEMM (tiles of 4 tokens) over repacked weights. For the integer types both add
// the same terms in the same order, so a token's result does not depend on how it was batched.
#pragma once
#include "activations.h"

#define PANEL_BYTES 40960
// WASM has no prefetch; a load this far ahead starts the hardware's at page boundaries. Caches and buffers
// follow the weights in memory, so it stays inside.
#define AHEAD 1024
#define CVT(x) wasm_f32x4_sub(x, FSPLAT(BIAS_VALUE))

// acc + the four columns of k-group j of token tok.
INLINE V dot4(V acc, V w, const u8 *q, int nt, int j, int tok) {
#ifdef RELAXED
  return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(SPLAT(q + (j * nt + tok) * 4), w, acc);
#else
  acc = wasm_i32x4_add(acc, wasm_i32x4_dot_i16x8(wasm_i16x8_extend_low_i8x16(w), SPLAT(q + j * nt * 8 + tok * 4)));
  return wasm_i32x4_add(acc, wasm_i32x4_dot_i16x8(wasm_i16x8_extend_high_i8x16(w), SPLAT(q + j * nt * 8 + nt * 4 + tok * 4)));
#endif
}

// One block of NG row groups, `stride` bytes apart. Two groups at once: the activations are loaded once for
// both, and two streams of weights keep more cache misses in flight than one.
INLINE void gemv_block(Traits t, int ng, const u8 *p, uptr stride, const u8 **act, const Scales *h, V post, V *f) {
  int bk = t.sub ? 16 : 32, kg = bk / 4;
  const u8 *planes = p + scale_bytes(t);
  UNROLL for (int half = 0; half < 32 / bk; half++) {
    const u8 *a = *act, *q = a + 12;
    V c[4], z = SPLAT(a);
    if (half == 0) UNROLL for (int g = 0; g < ng; g++)
      for (u32 b = 0; b < block_bytes(t); b += 64) (void)*(volatile const u32 *)(p + (uptr)g * stride + AHEAD + b);
    UNROLL for (int i = 0; i < 2 * ng; i++) c[i] = z;
    UNROLL for (int j = 0; j < kg; j++) {
      int v = 2 * (half * kg + j);
      UNROLL for (int i = 0; i < 2 * ng; i++)
        c[i] = dot4(c[i], codes(t, planes + (uptr)(i / 2) * stride, v + i % 2), q, 1, j, 0);
    }
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
    *act += act_block(bk, 1);
  }
}

// Four groups as two pairs: registers hold one pair's sums, and four streams of weights keep more misses in flight.
INLINE void gemv_pairs(Traits t, int ng, const u8 *p, uptr stride, const u8 **act, const Scales *h, V post, V *f) {
  const u8 *again = *act;
  if (ng == 4) gemv_block(t, 2, p + 2 * stride, stride, &again, h + 2, post, f + 4);
  gemv_block(t, ng == 4 ? 2 : ng, p, stride, act, h, post, f);
}

// Groups g, g + apart, ...: ng of them.
INLINE void gemv_q(int type, int ng, const Matrix *m, u32 g, u32 apart, const u8 *act, f32 *out) {
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
      for (int b = 0; b < 8; b++, p += block_bytes(t)) gemv_pairs(t, ng, p, stride, &act, h, post, f);
    }
  } else {
    for (u32 b = 0; b < nb; b++, p += block_bytes(t)) gemv_pairs(t, ng, p, stride, &act, h, post, f);
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
#define Q(T)                                                                                             \
  static __attribute__((noinline)) void gemv_type_##T(const Matrix *m, u32 g, u32 end, const u8 *act, f32 *out) { \
    u32 quarter = (end - g) / 4;                                                                         \
    for (u32 i = 0; i < quarter; i++) gemv_q(T, 4, m, g + i, quarter, act, out + 8 * i);                 \
    g += 4 * quarter, out += 32 * quarter;                                                               \
    u32 half = (end - g) / 2;                                                                            \
    for (u32 i = 0; i < half; i++) gemv_q(T, 2, m, g + i, half, act, out + 8 * i);                       \
    if ((end - g) & 1) gemv_q(T, 1, m, end - 1, 0, act, out + 16 * half);                                \
  }
#ifdef RELAXED
Q(T_Q8_0)
#endif
Q(T_Q8_S) Q(T_Q4_0) Q(T_Q4_1) Q(T_Q5_0) Q(T_Q5_1) Q(T_Q4_K) Q(T_Q5_K) Q(T_Q6_K) Q(T_Q3_K) Q(T_Q2_K)
#undef Q

// Rows 8*g0 .. 8*g1 of m times one prepared token, into out[8*(g1-g0)].
static void gemv(const Matrix *m, u32 g0, u32 g1, const u8 *act, f32 *out) {
  switch ((int)m->type) {
#define Q(T) case T: gemv_type_##T(m, g0, g1, act, out); return;
#define F(T) case T: for (u32 g = g0; g < g1; g++, out += 8) gemv_f(T, m, g, act, out); return;
    F(T_F32) F(T_F16) F(T_BF16)
#ifdef RELAXED
    Q(T_Q8_0)
#endif
    Q(T_Q8_S) Q(T_Q4_0) Q(T_Q4_1) Q(T_Q5_0) Q(T_Q5_1) Q(T_Q4_K) Q(T_Q5_K) Q(T_Q6_K) Q(T_Q3_K) Q(T_Q2_K)
#undef Q
#undef F
  }
}

// ---- GEMM: blocks of one row group unpacked into an L1 panel, then swept by all tokens ----
// Panel block: f32 d[8], f32 m[8], codes (relaxed i8, plain i16: extended once, here).

INLINE u32 panel_block(int bk) { return 64 + (u32)bk * 8 * QB; }

INLINE u8 *put_codes(u8 *o, V c) {
#ifdef RELAXED
  STORE(o, c);
  return o + 16;
#else
  STORE(o, wasm_i16x8_extend_low_i8x16(c));
  STORE(o + 16, wasm_i16x8_extend_high_i8x16(c));
  return o + 32;
#endif
}

INLINE void unpack_q(int type, const Matrix *m, u32 g, u32 b0, u32 n, u8 *o) {
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
      UNROLL for (int v = 0; v < per; v++) o = put_codes(o, codes(t, planes, half * per + v));
    }
  }
}

static void unpack(const Matrix *m, u32 g, u32 b0, u32 n, u8 *o) {
  switch ((int)m->type) {
#define Q(T) case T: unpack_q(T, m, g, b0, n, o); return;
#ifdef RELAXED
    Q(T_Q8_0)
#endif
    Q(T_Q8_S) Q(T_Q4_0) Q(T_Q4_1) Q(T_Q5_0) Q(T_Q5_1) Q(T_Q4_K) Q(T_Q5_K) Q(T_Q6_K) Q(T_Q3_K) Q(T_Q2_K)
#undef Q
  }
}

#ifdef RELAXED
#define STEP(J)                                                                         \
  {                                                                                     \
    V w0 = LOAD(p + 64 + 32 * (J)), w1 = LOAD(p + 80 + 32 * (J)), x;                    \
    x = SPLAT(q + 16 * (J)), c00 = DOT(x, w0, c00), c10 = DOT(x, w1, c10);              \
    x = SPLAT(q + 16 * (J) + 4), c01 = DOT(x, w0, c01), c11 = DOT(x, w1, c11);          \
    x = SPLAT(q + 16 * (J) + 8), c02 = DOT(x, w0, c02), c12 = DOT(x, w1, c12);          \
    x = SPLAT(q + 16 * (J) + 12), c03 = DOT(x, w0, c03), c13 = DOT(x, w1, c13);         \
    PIN8(c00, c01, c02, c03, c10, c11, c12, c13);                                       \
  }
#define DOT(x, w, c) wasm_i32x4_relaxed_dot_i8x16_i7x16_add(x, w, c)
#else
#define STEP(J) HALFSTEP(p + 64 + 64 * (J), q + 32 * (J)) HALFSTEP(p + 80 + 64 * (J), q + 32 * (J) + 16)
#define DOT(x, w, c) wasm_i32x4_add(c, wasm_i32x4_dot_i16x8(x, w))
#define HALFSTEP(P, A)                                                                  \
  {                                                                                     \
    V w0 = LOAD(P), w1 = LOAD((P) + 32), x;                                             \
    x = SPLAT(A), c00 = DOT(x, w0, c00), c10 = DOT(x, w1, c10);                         \
    x = SPLAT((A) + 4), c01 = DOT(x, w0, c01), c11 = DOT(x, w1, c11);                   \
    x = SPLAT((A) + 8), c02 = DOT(x, w0, c02), c12 = DOT(x, w1, c12);                   \
    x = SPLAT((A) + 12), c03 = DOT(x, w0, c03), c13 = DOT(x, w1, c13);                  \
    PIN8(c00, c01, c02, c03, c10, c11, c12, c13);                                       \
  }
#endif

#define FOLD(T, C0, C1)                                                                 \
  {                                                                                     \
    V da = SPLAT(a + 16 + 4 * (T));                                                     \
    V f0 = MADD(CVT(C0), FMUL(d0, da), LOAD(acc + 8 * (T)));                            \
    V f1 = MADD(CVT(C1), FMUL(d1, da), LOAD(acc + 8 * (T) + 4));                        \
    if (min) {                                                                          \
      V ds = SPLAT(a + 32 + 4 * (T));                                                   \
      f0 = MADD(m0, ds, f0);                                                            \
      f1 = MADD(m1, ds, f1);                                                            \
    }                                                                                   \
    STORE(acc + 8 * (T), f0);                                                           \
    STORE(acc + 8 * (T) + 4, f1);                                                       \
  }

// n panel blocks times one tile of 4 tokens, added to acc[4 tokens][8 rows].
INLINE void micro(int bk, int min, const u8 *p, u32 n, const u8 *a, f32 *acc) {
  for (u32 b = 0; b < n; b++, p += panel_block(bk), a += act_block(bk, 4)) {
    const u8 *q = a + 48;
    V c00 = SPLAT(a), c01 = SPLAT(a + 4), c02 = SPLAT(a + 8), c03 = SPLAT(a + 12);
    V c10 = c00, c11 = c01, c12 = c02, c13 = c03;
    STEP(0) STEP(1) STEP(2) STEP(3)
    if (bk == 32) { STEP(4) STEP(5) STEP(6) STEP(7) }
    V d0 = LOAD(p), d1 = LOAD(p + 16), m0, m1;
    if (min) m0 = LOAD(p + 32), m1 = LOAD(p + 48);
    FOLD(0, c00, c10) FOLD(1, c01, c11) FOLD(2, c02, c12) FOLD(3, c03, c13)
  }
}
#undef STEP
#undef FOLD

#define SWEEP(NAME, BK, MIN)                                                                             \
  static void NAME(const u8 *panel, u32 n, const u8 *act, uptr tile, u32 tiles, f32 *acc) {              \
    for (u32 t = 0; t < tiles; t++) micro(BK, MIN, panel, n, act + t * tile, acc + t * 32);         \
  }
SWEEP(sweep_32, 32, 0) SWEEP(sweep_32_min, 32, 1) SWEEP(sweep_16, 16, 0) SWEEP(sweep_16_min, 16, 1)
#undef SWEEP

static void sweep(int type, const u8 *panel, u32 n, const u8 *act, uptr tile, u32 tiles, f32 *acc) {
  switch (type) {
    case T_Q8_0: case T_Q8_S: case T_Q4_0: case T_Q5_0: sweep_32(panel, n, act, tile, tiles, acc); return;
    case T_Q6_K: case T_Q3_K: sweep_16(panel, n, act, tile, tiles, acc); return;
    case T_Q2_K: sweep_16_min(panel, n, act, tile, tiles, acc); return;
    default: sweep_32_min(panel, n, act, tile, tiles, acc); return;
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
  int bk = matrix_bk(m);
  u32 nb = cols / 32, most = 64 / QB, sub = 32 / (u32)bk;
  for (u32 b = 0; b < nb; b += most) {
    u32 n = min32(most, nb - b);
    unpack(m, g, b, n, panel);
    sweep((int)m->type, panel, n * sub, act + (uptr)(b * sub) * act_block(bk, 4), tile, tiles, acc);
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
    unpack(m, g, b, 1, panel);
    for (int half = 0; half < 32 / bk; half++) {
      const u8 *p = panel + (u32)half * panel_block(bk);
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
