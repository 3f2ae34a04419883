// The forward pass and the exports. Addresses cross the boundary as f64: exact below 2^53 and the same
// for 32- and 64-bit memory.
#include "attention.h"
#include "experts.h"
#include "repack.h"
#include "roofline.h"

#define ADDR(x) ((uptr)(u64)(x))

// What ../layout.ts and ../stand-in.ts repeat of the C side, for a comparison before anything is written.
EXPORT("describe") u32 describe(u32 index) {
  static const u32 facts[] = {
      sizeof(Matrix) / 8, sizeof(Layer) / 8, sizeof(Model) / 8, offsetof(Model, embedding) / 8,
      offsetof(Model, acts) / 8, offsetof(Model, sync) / 8, offsetof(Model, want_stats) / 8, offsetof(Layer, attn_norm) / 8,
      offsetof(Matrix, kernel) / 8, A_COUNT, A_Q32_WIDE, T_Q8_S, PANEL_BYTES, SPAN, SUM16_GEMV, SUM16_GEMM,
      offsetof(Sync, seq) / 4, offsetof(Sync, done) / 4, offsetof(Sync, generation) / 4, offsetof(Sync, arrived) / 4,
      offsetof(Sync, counters),
      offsetof(Layer, rope) / 8, offsetof(Layer, experts) / 8, offsetof(Model, positions) / 8, offsetof(Model, residual_scale) / 8, offsetof(Model, y) / 8, offsetof(Model, expert_scale) / 8,
      PHASES_PER_LAYER, NORM_LAYER, ACT_GELU, QK_ROW,
  };
  return index < sizeof(facts) / sizeof(facts[0]) ? facts[index] : 0xffffffffu;
}

static uptr scratch_need(const Model *m) {
  return PANEL_BYTES + A_COUNT * one_acts(m) + 8 * acc_floats(m) + 4 * max_cols(m) + attention_scratch(m) + 256;
}
EXPORT("scratchBytes") f64 scratch_bytes(f64 model) { return (f64)scratch_need(PTR(Model, ADDR(model))); }

static Ctx context(Model *m, u32 tid) {
  u8 *p = PTR(u8, m->scratch) + (uptr)tid * (uptr)m->scratch_bytes;
  Ctx c = {.m = m, .s = PTR(Sync, m->sync), .tid = tid, .n = (u32)m->threads};
  c.panel = p, p += PANEL_BYTES;
  c.acts = p, p += A_COUNT * one_acts(m);
  c.acc = (f32 *)p, p += 4 * acc_floats(m);
  c.acc2 = (f32 *)p, p += 4 * acc_floats(m);
  c.row = (f32 *)p, p += 4 * max_cols(m);
  c.attn = (f32 *)p;
  return c;
}

// x += what a sub-block gives: directly, or by way of y where that is normalised first.
static void add_product(Ctx *c, const Matrix *w, const f32 *in, u32 stride, u32 cols, u64 bias, u64 post_norm, int shared) {
  Model *m = c->m;
  u32 count = (u32)m->count, dim = (u32)m->dim, dp = pad8(dim);
  f32 *x = PTR(f32, m->x), *y = PTR(f32, m->y), scale = (f32)m->residual_scale;
  Target t = target(w, post_norm ? y : x, dp, bias);
  if (!post_norm) t.add = 1, t.scale = scale;
  prepare(c, in, stride, cols, (Norm){0, 0}, count, &t, 1, shared);
  multiply(c, &t, 1, count, shared, PLAIN);
  if (!post_norm) return;
  FOR_ITEMS(c, count, 1, from, to) {
    f32 *o = x + (uptr)from * dp;
    norm_row(m, y + (uptr)from * dp, PTR(const f32, post_norm), 0, c->row, dim);
    for (u32 i = 0; i < dim; i++) o[i] += c->row[i] * scale;
  }
  barrier(c);
}

static void attention(Ctx *c, const Layer *l, u32 count, u32 shared) {
  Model *m = c->m;
  u32 kvh = (u32)m->kv_heads;
  if (shared) {
    FOR_ITEMS(c, count, 4, from, to) for (u32 t = from; t < to; t++) for (u32 i = 0; i < kvh; i++) store_kv(m, l, t, i, c->attn);
    barrier(c);
    u32 per = item_tokens(m), tiles = (count + per - 1) / per;
    // Later tokens see more positions: start with them.
    FOR_ITEMS(c, tiles * kvh, 1, from, to) {
      u32 t = (tiles - 1 - from / kvh) * per;
      attend(m, l, from % kvh, t, min32(per, count - t), c->attn);
    }
  } else {
    FOR_ITEMS(c, kvh, 1, from, to) {
      store_kv(m, l, 0, from, c->attn);
      attend(m, l, from, 0, 1, c->attn);
    }
  }
  barrier(c);
}

static void run_layer(Ctx *c, const Layer *l) {
  Model *m = c->m;
  u32 count = (u32)m->count, shared = count > 1, dim = (u32)m->dim, dp = pad8(dim), ffn = (u32)m->ffn;
  u32 qn = (u32)(m->heads * m->head_dim), qs = pad8(qn), ks = pad8(m->kv_heads * m->head_dim);
  f32 *x = PTR(f32, m->x), *att = PTR(f32, m->att), *h = PTR(f32, m->h);

  Target qkv[3] = {target(&l->q, PTR(f32, m->q), qs, l->q_bias), target(&l->k, PTR(f32, m->k), ks, l->k_bias),
                   target(&l->v, PTR(f32, m->v), ks, l->v_bias)};
  prepare(c, x, dp, dim, (Norm){l->attn_norm, l->attn_norm_bias}, count, qkv, 3, (int)shared);
  multiply(c, qkv, 3, count, (int)shared, PLAIN);
  attention(c, l, count, shared);
  if (!m->parallel) add_product(c, &l->o, att, qs, qn, l->o_bias, l->attn_post_norm, (int)shared);

  if (l->experts) {
    run_experts(c, l, count, shared);
    return;
  }
  int gated = l->gate.rows > 0;
  Target up[2] = {target(&l->gate, h, pad8(ffn), l->gate_bias), target(&l->up, h, pad8(ffn), l->up_bias)};
  prepare(c, x, dp, dim, (Norm){l->ffn_norm, l->ffn_norm_bias}, count, up + !gated, 1 + gated, (int)shared);
  multiply(c, up + !gated, 1 + gated, count, (int)shared, gated ? GATED : ACTIVATED);
  // Parallel: both have read x by now.
  if (m->parallel) add_product(c, &l->o, att, qs, qn, l->o_bias, l->attn_post_norm, (int)shared);
  add_product(c, &l->down, h, pad8(ffn), ffn, l->down_bias, l->ffn_post_norm, (int)shared);
}

// Maximum, its index and log(sum(exp)) of one row of logits; log by the caller.
static void row_stats(const Model *m, u32 r) {
  u32 n = (u32)m->vocab, best = 0, i;
  const f32 *x = PTR(const f32, m->logits) + (uptr)r * pad8(n);
  f64 *out = PTR(f64, m->stats) + (uptr)r * 3;
  V mx = FSPLAT(x[0]);
  for (i = 0; i + 4 <= n; i += 4) mx = wasm_f32x4_pmax(mx, LOAD(x + i));
  f32 top = x[0];
  f32 lane[4];
  STORE(lane, mx);
  for (int k = 0; k < 4; k++) top = lane[k] > top ? lane[k] : top;
  for (; i < n; i++) top = x[i] > top ? x[i] : top;
  for (i = 0; i < n; i++) if (x[i] == top) { best = i; break; }
  V t = FSPLAT(top);
  f64 sum = 0;
  // Blocks of 1024 in f32, their sums in f64: a vocabulary of 128k would lose digits in f32 alone.
  for (i = 0; i + 4 <= n;) {
    V s = FSPLAT(0);
    for (u32 end = min32(n & ~3u, i + 1024); i < end; i += 4) s = FADD(s, vexp(wasm_f32x4_sub(LOAD(x + i), t)));
    sum += (f64)hsum(s);
  }
  for (; i < n; i++) sum += (f64)wasm_f32x4_extract_lane(vexp(FSPLAT(x[i] - top)), 0);
  out[0] = (f64)top, out[1] = (f64)best, out[2] = sum;
}

// The first state of token `t` of the job.
static void embed(Ctx *c, u32 t, f32 *x) {
  Model *m = c->m;
  u32 dim = (u32)m->dim;
  f32 scale = (f32)m->embedding_scale;
  matrix_row(&m->embedding, PTR(u32, m->tokens)[t], c->panel, x);
  if (scale != 1.f) for (u32 i = 0; i < dim; i++) x[i] *= scale;
  if (!m->positions.rows) return;
  matrix_row(&m->positions, (u32)m->pos + t, c->panel, c->row);
  for (u32 i = 0; i < dim; i++) x[i] += c->row[i];
}

static void run_job(Model *m, u32 tid) {
  Ctx ctx = context(m, tid), *c = &ctx;
  u32 dim = (u32)m->dim, dp = pad8(dim), count = (u32)m->count;
  if (m->first_layer == 0 && m->last_layer) {
    FOR_ITEMS(c, count, 1, from, to) embed(c, from, PTR(f32, m->x) + (uptr)from * dp);
    barrier(c);
  }
  for (u64 i = m->first_layer; i < m->last_layer; i++) run_layer(c, PTR(const Layer, m->layers) + i);
  u32 rows = (u32)m->logits_count;
  if (!rows) return;
  Target t = target(&m->output, PTR(f32, m->logits), pad8(m->vocab), m->output_bias);
  t.scale = (f32)m->logit_scale, t.cap = (f32)m->logit_cap;
  prepare(c, PTR(f32, m->x) + (uptr)m->logits_from * dp, dp, dim, (Norm){m->output_norm, m->output_norm_bias}, rows, &t, 1, rows > 1);
  multiply(c, &t, 1, rows, rows > 1, PLAIN);
  if (m->want_stats) FOR_ITEMS(c, rows, 1, from, to) row_stats(m, from);
}

// The leader's call: runs the job in the model with m->threads threads, returns when all are done.
EXPORT("run") void run(f64 model) {
  Model *m = PTR(Model, ADDR(model));
  Sync *s = PTR(Sync, m->sync);
  u32 phases = (u32)(m->last_layer - m->first_layer) * PHASES_PER_LAYER + 8;
  for (u32 i = 0; i < phases; i++) s->counters[i] = 0;
  if (m->threads == 1) {
    run_job(m, 0);
    return;
  }
  astore(&s->done, 0);
  // The thread count travels with the number: a worker that wakes late must not read a later job's.
  astore(&s->seq, ((aload(&s->seq) >> 8) + 1) << 8 | (u32)m->threads);
  wake(s, &s->seq);
  run_job(m, 0);
  for (;;) {
    u32 done = aload(&s->done);
    if (done == (u32)m->threads - 1) break;
    wait_change(s, &s->done, done);
  }
}

// A worker's life: until the leader quits.
EXPORT("work") void work(f64 model, u32 tid) {
  Model *m = PTR(Model, ADDR(model));
  Sync *s = PTR(Sync, m->sync);
  u32 seen = 0;
  for (;;) {
    wait_change(s, &s->seq, seen);
    seen = aload(&s->seq);
    if (aload(&s->quit)) return;
    if (tid >= (seen & 255)) continue;
    run_job(m, tid);
    aadd(&s->done, 1);
    wake(s, &s->done);
  }
}

EXPORT("quit") void quit(f64 model) {
  Sync *s = PTR(Sync, PTR(Model, ADDR(model))->sync);
  astore(&s->quit, 1);
  aadd(&s->seq, 256);
  __builtin_wasm_memory_atomic_notify((int *)&s->seq, 0x7fffffff);
}

EXPORT("repack") u32 repack_rows(u32 type, f64 src, u32 rows, u32 cols, f64 dst, u32 shift) {
  return repack((int)type, PTR(const u8, ADDR(src)), rows, cols, PTR(u8, ADDR(dst)), shift);
}
EXPORT("groupBytes") f64 frame_group_bytes(u32 type, u32 cols) { return (f64)group_bytes((int)type, cols); }

// How this machine multiplies a second operand above 127 (frames.h). Data, not constants: V8 would fold.
EXPORT("dotMode") u32 dot_mode(u32 a, u32 w) {
#ifdef RELAXED
  V r = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(wasm_u32x4_splat(a), wasm_u32x4_splat(w), wasm_i32x4_splat(0));
  i32 x = wasm_i32x4_extract_lane(r, 0);
  // a = 4 times -128, w = 4 times 0xff
  return x == -130560 ? DOT_UNSIGNED : x == 512 ? DOT_SIGNED : DOT_SATURATING;
#else
  (void)a, (void)w;
  return DOT_SIGNED;
#endif
}

// One matrix times `count` rows of activations, for measuring kernels and testing them. `act` and `scratch`: room for
// the prepared activations and for a panel and the sums.
EXPORT("multiply") void multiply_once(f64 matrix, f64 x, u32 count, f64 act, f64 scratch, f64 out) {
  const Matrix *m = PTR(const Matrix, ADDR(matrix));
  u32 cols = (u32)m->cols, rows = (u32)m->rows;
  const f32 *in = PTR(const f32, ADDR(x));
  u8 *a = PTR(u8, ADDR(act));
  f32 *o = PTR(f32, ADDR(out));
  if (count == 1) {
    prepare_one((int)m->act, in, cols, a);
    gemv(m, 0, rows / 8, a, o);
    return;
  }
  u32 tiles = (count + 3) / 4;
  for (u32 t = 0; t < tiles * 4; t++)
    prepare_four((int)m->act, t < count ? in + (uptr)t * cols : 0, cols, (int)(t & 3), a + (uptr)(t / 4) * act_tile((int)m->act, cols, 4));
  u8 *panel = PTR(u8, ADDR(scratch));
  f32 *acc = (f32 *)(panel + PANEL_BYTES);
  for (u32 g = 0; g < rows / 8; g++) {
    gemm(m, g, a, tiles, panel, acc);
    for (u32 t = 0; t < count; t++)
      for (u32 r = 0; r < 8; r++) o[(uptr)t * rows + g * 8 + r] = acc[t * 8 + r];
  }
}
EXPORT("testRow") void test_row(f64 matrix, u32 row, f64 scratch, f64 out) {
  matrix_row(PTR(const Matrix, ADDR(matrix)), row, PTR(u8, ADDR(scratch)), PTR(f32, ADDR(out)));
}

// Freestanding: the compiler may still call these.
void *memset(void *d, int v, __SIZE_TYPE__ n) {
  u8 *p = d;
  while (n--) { *p++ = (u8)v; __asm__ volatile("" ::: "memory"); }
  return d;
}
void *memcpy(void *d, const void *s, __SIZE_TYPE__ n) {
  u8 *p = d;
  const u8 *q = s;
  while (n--) { *p++ = *q++; __asm__ volatile("" ::: "memory"); }
  return d;
}
