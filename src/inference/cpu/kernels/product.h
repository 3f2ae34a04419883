// Matrices times rows of activations: preparing the rows, sharing the products out, what becomes of them.
#pragma once
#include "matmul.h"
#include "norm.h"
#include "threads.h"

static uptr max_cols(const Model *m) {
  u64 n = m->dim > m->ffn ? m->dim : m->ffn, a = m->heads * m->head_dim;
  return pad8(n > a ? n : a);
}
static uptr acc_floats(const Model *m) { return ((uptr)(m->max_tokens + m->max_logits + 3) / 4 + 1) * 32; }
static uptr one_acts(const Model *m) { return max_cols(m) * 4 + 64; }


// A matrix and where its product goes: (product + bias) * scale, capped, added to what is there where `add` says so.
typedef struct {
  const Matrix *m;
  f32 *out;
  u32 stride;
  int add;
  u64 bias;
  f32 scale, cap;
} Target;

static Target target(const Matrix *m, f32 *out, u32 stride, u64 bias) {
  return (Target){.m = m, .out = out, .stride = stride, .bias = bias, .scale = 1.f};
}

// Weights and biases of a norm; 0 for no norm.
typedef struct { u64 weight, bias; } Norm;

// Row groups of a matrix that a thread multiplies at once with one token.
#define MOST_GROUPS 64

// Prepares `count` rows (normalised where there is a norm) in every form the targets read. One token: each thread
// for itself, no barrier. More: shared, by tiles.
static void prepare(Ctx *c, const f32 *x, u32 stride, u32 cols, Norm norm, u32 count, const Target *t, int nt, int shared) {
  Model *m = c->m;
  u32 forms = 0;
  for (int i = 0; i < nt; i++) forms |= 1u << t[i].m->act;
  const f32 *w = PTR(const f32, norm.weight), *b = PTR(const f32, norm.bias);
  if (!shared) {
    if (w) norm_row(m, x, w, b, c->row, cols), x = c->row;
    for (int a = 0; a < A_COUNT; a++)
      if (forms >> a & 1) prepare_one(a, x, cols, c->acts + (uptr)a * one_acts(m));
    return;
  }
  u32 tiles = (count + 3) / 4;
  FOR_ITEMS(c, tiles, 1, from, to) for (u32 i = from; i < to; i++) for (u32 k = 0; k < 4; k++) {
    u32 tok = 4 * i + k;
    const f32 *r = tok < count ? x + (uptr)tok * stride : 0;
    if (w && r) norm_row(m, r, w, b, c->row, cols), r = c->row;
    for (int a = 0; a < A_COUNT; a++)
      if (forms >> a & 1) prepare_four(a, r, cols, (int)k, PTR(u8, m->acts[a]) + i * act_tile(a, cols, 4));
  }
  barrier(c);
}

INLINE void put(const Target *t, u32 tok, u32 row, const f32 *v) {
  f32 *o = t->out + (uptr)tok * t->stride + row;
  V a = LOAD(v), b = LOAD(v + 4);
  if (t->scale != 1.f) a = FMUL(a, FSPLAT(t->scale)), b = FMUL(b, FSPLAT(t->scale));
  if (t->cap > 0) a = soft_cap(a, t->cap), b = soft_cap(b, t->cap);
  if (t->add) a = FADD(a, LOAD(o)), b = FADD(b, LOAD(o + 4));
  STORE(o, a);
  STORE(o + 4, b);
}

INLINE void add_bias(const Target *t, u32 row, u32 n, f32 *v) {
  const f32 *b = PTR(const f32, t->bias) + row;
  if (t->bias) for (u32 i = 0; i < n; i += 4) STORE(v + i, FADD(LOAD(v + i), LOAD(b + i)));
}

// What becomes of products: stored, activated, or activated and multiplied with those of the second target.
enum { PLAIN, ACTIVATED, GATED };

INLINE void combine(const Model *m, const Target *t, int how, u32 row, u32 n, f32 *a, f32 *b) {
  add_bias(t, row, n, a);
  if (how == PLAIN) return;
  if (how == GATED) add_bias(t + 1, row, n, b);
  int gelu = m->activation == ACT_GELU;
  for (u32 i = 0; i < n; i += 4) {
    V g = activate(gelu, LOAD(a + i));
    STORE(a + i, how == GATED ? FMUL(g, LOAD(b + i)) : g);
  }
}

// Every target times the prepared activations. GATED: the two targets are gate and up.
static void multiply(Ctx *c, const Target *t, int nt, u32 count, int shared, int how) {
  Model *m = c->m;
  u32 total = 0, tiles = (count + 3) / 4;
  for (int i = 0; i < (how == GATED ? 1 : nt); i++) total += (u32)t[i].m->rows / 8;
  f32 a[8 * MOST_GROUPS], b[8 * MOST_GROUPS];
  for (u32 from, to; shared ? take(c, total, 1, &from, &to) : take_share(c, total, MOST_GROUPS, &from, &to);) while (from < to) {
    const Target *k = t;
    u32 g = from;
    if (how != GATED) while (g >= (u32)k->m->rows / 8) g -= (u32)k->m->rows / 8, k++;
    u32 n = min32(to - from, (u32)k->m->rows / 8 - g);
    from += n;
    if (!shared) {
      gemv(k->m, g, g + n, c->acts + k->m->act * one_acts(m), a);
      if (how == GATED) gemv(t[1].m, g, g + n, c->acts + t[1].m->act * one_acts(m), b);
      combine(m, k, how, g * 8, 8 * n, a, b);
      for (u32 i = 0; i < n; i++) put(k, 0, (g + i) * 8, a + 8 * i);
      continue;
    }
    for (u32 i = 0; i < n; i++) {
      gemm(k->m, g + i, PTR(const u8, m->acts[k->m->act]), tiles, c->panel, c->acc);
      if (how == GATED) gemm(t[1].m, g + i, PTR(const u8, m->acts[t[1].m->act]), tiles, c->panel, c->acc2);
      for (u32 tok = 0; tok < count; tok++) {
        f32 *v = c->acc + tok * 8;
        combine(m, k, how, (g + i) * 8, 8, v, c->acc2 + tok * 8);
        put(k, tok, (g + i) * 8, v);
      }
    }
  }
  barrier(c);
}
