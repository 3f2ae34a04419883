// Normalisation of rows, and the functions of single values that blocks differ in.
#pragma once
#include "model.h"

// 1 / root mean square of n values.
static f32 rms_scale(const f32 *x, u32 n, f32 eps) {
  V a = FSPLAT(0), b = a;
  u32 i = 0;
  for (; i + 8 <= n; i += 8) {
    V x0 = LOAD(x + i), x1 = LOAD(x + i + 4);
    a = MADD(x0, x0, a);
    b = MADD(x1, x1, b);
  }
  f32 s = hsum(FADD(a, b));
  for (; i < n; i++) s += x[i] * x[i];
  return 1.f / __builtin_sqrtf(s / (f32)n + eps);
}

static void rms_norm(const f32 *x, const f32 *w, f32 *o, u32 n, f32 eps) {
  f32 k = rms_scale(x, n, eps);
  V kv = FSPLAT(k);
  u32 i = 0;
  for (; i + 4 <= n; i += 4) STORE(o + i, FMUL(FMUL(LOAD(x + i), kv), LOAD(w + i)));
  for (; i < n; i++) o[i] = x[i] * k * w[i];
}

// (x - mean) / sqrt(variance + eps) * w + b; b may be 0.
static void layer_norm(const f32 *x, const f32 *w, const f32 *b, f32 *o, u32 n, f32 eps) {
  V a = FSPLAT(0);
  u32 i = 0;
  for (; i + 4 <= n; i += 4) a = FADD(a, LOAD(x + i));
  f32 sum = hsum(a);
  for (; i < n; i++) sum += x[i];
  f32 mean = sum / (f32)n;
  V mv = FSPLAT(mean);
  a = FSPLAT(0);
  for (i = 0; i + 4 <= n; i += 4) {
    V d = wasm_f32x4_sub(LOAD(x + i), mv);
    a = MADD(d, d, a);
    STORE(o + i, d);
  }
  sum = hsum(a);
  for (; i < n; i++) o[i] = x[i] - mean, sum += o[i] * o[i];
  f32 k = 1.f / __builtin_sqrtf(sum / (f32)n + eps);
  V kv = FSPLAT(k);
  for (i = 0; i + 4 <= n; i += 4) {
    V y = FMUL(FMUL(LOAD(o + i), kv), LOAD(w + i));
    STORE(o + i, b ? FADD(y, LOAD(b + i)) : y);
  }
  for (; i < n; i++) o[i] = o[i] * k * w[i] + (b ? b[i] : 0.f);
}

// As the model normalises. o: not x.
INLINE void norm_row(const Model *m, const f32 *x, const f32 *w, const f32 *b, f32 *o, u32 n) {
  if (m->norm == NORM_LAYER) layer_norm(x, w, b, o, n, (f32)m->eps);
  else rms_norm(x, w, o, n, (f32)m->eps);
}

// silu(x) = x / (1 + exp(-x)). GELU in its form with tanh (Hendrycks and Gimpel, arXiv 1606.08415) is
// x / (1 + exp(-2u)) with u = sqrt(2/pi) (x + 0.044715 x^3), since (1 + tanh u) / 2 = 1 / (1 + exp(-2u)).
INLINE V activate(int gelu, V x) {
  V u = x;
  if (gelu) u = FMUL(FMUL(FSPLAT(1.5957691216f), x), MADD(FMUL(FSPLAT(0.044715f), x), x, FSPLAT(1.f)));
  return wasm_f32x4_div(x, FADD(FSPLAT(1.f), vexp(wasm_f32x4_neg(u))));
}

// cap * tanh(x / cap), with tanh y = 1 - 2 / (exp(2y) + 1).
INLINE V soft_cap(V x, f32 cap) {
  V e = vexp(FMUL(x, FSPLAT(2.f / cap)));
  V t = wasm_f32x4_sub(FSPLAT(1.f), wasm_f32x4_div(FSPLAT(2.f), FADD(e, FSPLAT(1.f))));
  return FMUL(t, FSPLAT(cap));
}
