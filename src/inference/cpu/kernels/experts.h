// Mixtures of experts: a router gives every token to a few of many small networks, whose outputs are added by weight
// (Shazeer et al., arXiv 1701.06538). One token multiplies its experts one after another, each row once. More are
// sorted by expert, so that an expert's rows are unpacked once for all of its tokens. Both add in the order of the
// router's choice.
#pragma once
#include "product.h"

#define MOST_EXPERTS 512
#define NO_TOKEN 0xffffffffu

typedef struct { Matrix gate, up, down; } Expert;

// What a job keeps of its choices, at m->routes: expert, weight and row of each choice, then the first tile of each expert,
// then the token of each row. A tile is 4 rows of one expert.
typedef struct { u32 *expert; f32 *weight; u32 *row, *start, *token; } Routes;

INLINE Routes routes_of(const Model *m) {
  u32 *p = PTR(u32, m->routes), n = (u32)(m->max_tokens * m->experts_used);
  return (Routes){p, (f32 *)(p + n), p + 2 * n, p + 3 * n, p + 3 * n + (u32)m->experts + 1};
}

// Chooses the experts of a token: the likeliest under a softmax of the router's scores.
static void route_token(Ctx *c, const Layer *l, u32 t) {
  Model *m = c->m;
  u32 n = (u32)m->experts, used = (u32)m->experts_used, dim = (u32)m->dim;
  const f32 *x = PTR(const f32, m->x) + (uptr)t * pad8(dim);
  f32 score[MOST_EXPERTS], top = -3.4e38f, sum = 0, chosen = 0;
  norm_row(m, x, PTR(const f32, l->ffn_norm), PTR(const f32, l->ffn_norm_bias), c->row, dim);
  prepare_one((int)l->router.act, c->row, dim, c->acts);
  gemv(&l->router, 0, (u32)l->router.rows / 8, c->acts, score);
  for (u32 e = 0; e < n; e++) top = score[e] > top ? score[e] : top;
  for (u32 e = 0; e < n; e++) {
    score[e] = wasm_f32x4_extract_lane(vexp(FSPLAT(score[e] - top)), 0);
    sum += score[e];
  }
  Routes r = routes_of(m);
  for (u32 k = 0; k < used; k++) {
    u32 best = 0;
    for (u32 e = 1; e < n; e++) if (score[e] > score[best]) best = e;
    r.expert[t * used + k] = best;
    r.weight[t * used + k] = score[best] / sum;
    chosen += score[best] / sum;
    score[best] = -1;
  }
  // llama.cpp's least divisor, the smallest normal half float.
  f32 scale = (f32)m->expert_scale / (m->experts_normed ? (chosen > 0x1p-14f ? chosen : 0x1p-14f) : 1.f);
  for (u32 k = 0; k < used; k++) r.weight[t * used + k] *= scale;
}

// Gives every choice a row, experts after one another.
static void arrange(const Model *m, u32 count) {
  Routes r = routes_of(m);
  u32 n = (u32)m->experts, choices = count * (u32)m->experts_used, fill[MOST_EXPERTS];
  for (u32 e = 0; e < n; e++) fill[e] = 0;
  for (u32 i = 0; i < choices; i++) fill[r.expert[i]]++;
  r.start[0] = 0;
  for (u32 e = 0; e < n; e++) r.start[e + 1] = r.start[e] + (fill[e] + 3) / 4, fill[e] = 0;
  for (u32 i = 0; i < 4 * r.start[n]; i++) r.token[i] = NO_TOKEN;
  for (u32 i = 0; i < choices; i++) {
    u32 e = r.expert[i];
    r.row[i] = 4 * r.start[e] + fill[e]++;
    r.token[r.row[i]] = i / (u32)m->experts_used;
  }
}

INLINE void gate_rows(f32 *a, const f32 *b, u32 n) {
  for (u32 i = 0; i < n; i += 4) STORE(a + i, FMUL(activate(0, LOAD(a + i)), LOAD(b + i)));
}

static void experts_of_one(Ctx *c, const Layer *l) {
  Model *m = c->m;
  Routes r = routes_of(m);
  const Expert *experts = PTR(const Expert, l->experts);
  u32 used = (u32)m->experts_used, dim = (u32)m->dim, ffn = (u32)m->ffn, fp = pad8(ffn), groups = fp / 8;
  f32 *h = PTR(f32, m->expert_h), a[8 * MOST_GROUPS], b[8 * MOST_GROUPS], s[8 * MOST_GROUPS];
  const Expert *first = experts;
  Target both[2] = {target(&first->gate, h, fp, 0), target(&first->up, h, fp, 0)};
  prepare(c, PTR(f32, m->x), pad8(dim), dim, (Norm){l->ffn_norm, l->ffn_norm_bias}, 1, both, 2, 0);
  for (u32 from, to; take_share(c, used * groups, MOST_GROUPS, &from, &to);) while (from < to) {
    u32 k = from / groups, g = from % groups, n = min32(to - from, groups - g);
    const Expert *e = experts + r.expert[k];
    gemv(&e->gate, g, g + n, c->acts + e->gate.act * one_acts(m), a);
    gemv(&e->up, g, g + n, c->acts + e->up.act * one_acts(m), b);
    gate_rows(a, b, 8 * n);
    for (u32 i = 0; i < 8 * n; i += 4) STORE(h + (uptr)k * fp + 8 * g + i, LOAD(a + i));
    from += n;
  }
  barrier(c);
  int form = (int)first->down.act;
  u8 *acts = PTR(u8, m->acts[form]);
  FOR_ITEMS(c, used, 1, from, to) prepare_one(form, h + (uptr)from * fp, ffn, acts + from * act_tile(form, ffn, 1));
  barrier(c);
  Target out = target(&first->down, PTR(f32, m->x), pad8(dim), 0);
  out.add = 1, out.scale = (f32)m->residual_scale;
  for (u32 from, to; take_share(c, pad8(dim) / 8, MOST_GROUPS, &from, &to);) {
    u32 n = 8 * (to - from);
    for (u32 k = 0; k < used; k++) {
      gemv(&experts[r.expert[k]].down, from, to, acts + k * act_tile(form, ffn, 1), a);
      V w = FSPLAT(r.weight[k]);
      for (u32 i = 0; i < n; i += 4) STORE(s + i, k ? FADD(LOAD(s + i), FMUL(LOAD(a + i), w)) : FMUL(LOAD(a + i), w));
    }
    for (u32 i = 0; i < n; i += 8) put(&out, 0, from * 8 + i, s + i);
  }
  barrier(c);
}

static void experts_of_many(Ctx *c, const Layer *l, u32 count) {
  Model *m = c->m;
  Routes r = routes_of(m);
  const Expert *experts = PTR(const Expert, l->experts);
  u32 used = (u32)m->experts_used, dim = (u32)m->dim, dp = pad8(dim), ffn = (u32)m->ffn, fp = pad8(ffn);
  u32 n = (u32)m->experts, forms = 1u << experts->gate.act | 1u << experts->up.act;
  f32 *x = PTR(f32, m->x), *h = PTR(f32, m->expert_h), *y = PTR(f32, m->expert_y);
  FOR_ITEMS(c, 1, 1, from, to) arrange(m, count);
  barrier(c);
  u32 tiles = r.start[n];
  FOR_ITEMS(c, tiles, 1, from, to) for (u32 k = 0; k < 4; k++) {
    u32 token = r.token[4 * from + k];
    const f32 *row = 0;
    if (token != NO_TOKEN) {
      norm_row(m, x + (uptr)token * dp, PTR(const f32, l->ffn_norm), PTR(const f32, l->ffn_norm_bias), c->row, dim);
      row = c->row;
    }
    for (int a = 0; a < A_COUNT; a++)
      if (forms >> a & 1) prepare_four(a, row, dim, (int)k, PTR(u8, m->acts[a]) + from * act_tile(a, dim, 4));
  }
  barrier(c);
  FOR_ITEMS(c, n * (fp / 8), 1, from, to) {
    u32 e = from / (fp / 8), g = from % (fp / 8), own = r.start[e + 1] - r.start[e];
    if (!own) continue;
    const Matrix *gate = &experts[e].gate, *up = &experts[e].up;
    gemm(gate, g, PTR(const u8, m->acts[gate->act]) + r.start[e] * act_tile((int)gate->act, dim, 4), own, c->panel, c->acc);
    gemm(up, g, PTR(const u8, m->acts[up->act]) + r.start[e] * act_tile((int)up->act, dim, 4), own, c->panel, c->acc2);
    gate_rows(c->acc, c->acc2, 32 * own);
    for (u32 i = 0; i < 4 * own; i++) {
      f32 *o = h + (uptr)(4 * r.start[e] + i) * fp + 8 * g;
      STORE(o, LOAD(c->acc + 8 * i));
      STORE(o + 4, LOAD(c->acc + 8 * i + 4));
    }
  }
  barrier(c);
  int form = (int)experts->down.act;
  u8 *acts = PTR(u8, m->acts[form]);
  FOR_ITEMS(c, tiles, 1, from, to) for (u32 k = 0; k < 4; k++)
    prepare_four(form, h + (uptr)(4 * from + k) * fp, ffn, (int)k, acts + from * act_tile(form, ffn, 4));
  barrier(c);
  FOR_ITEMS(c, n * (dp / 8), 1, from, to) {
    u32 e = from / (dp / 8), g = from % (dp / 8), own = r.start[e + 1] - r.start[e];
    if (!own) continue;
    gemm(&experts[e].down, g, acts + r.start[e] * act_tile(form, ffn, 4), own, c->panel, c->acc);
    for (u32 i = 0; i < 4 * own; i++) {
      f32 *o = y + (uptr)(4 * r.start[e] + i) * dp + 8 * g;
      STORE(o, LOAD(c->acc + 8 * i));
      STORE(o + 4, LOAD(c->acc + 8 * i + 4));
    }
  }
  barrier(c);
  V scale = FSPLAT((f32)m->residual_scale);
  FOR_ITEMS(c, count, 1, from, to) for (u32 i = 0; i < dp; i += 4) {
    V s = FSPLAT(0);
    for (u32 k = 0; k < used; k++) {
      V v = FMUL(LOAD(y + (uptr)r.row[from * used + k] * dp + i), FSPLAT(r.weight[from * used + k]));
      s = k ? FADD(s, v) : v;
    }
    f32 *o = x + (uptr)from * dp + i;
    STORE(o, FADD(m->residual_scale != 1 ? FMUL(s, scale) : s, LOAD(o)));
  }
  barrier(c);
}

static void run_experts(Ctx *c, const Layer *l, u32 count, u32 shared) {
  FOR_ITEMS(c, count, 1, from, to) route_token(c, l, from);
  barrier(c);
  if (shared) experts_of_many(c, l, count);
  else experts_of_one(c, l);
}
