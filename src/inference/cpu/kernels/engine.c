// The forward pass and the exports. Addresses cross the boundary as f64: exact below 2^53 and the same
// for 32- and 64-bit memory.
#include "matmul.h"
#include "repack.h"
#include "attention.h"
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
      offsetof(Layer, rope) / 8, offsetof(Model, positions) / 8, offsetof(Model, residual_scale) / 8, offsetof(Model, y) / 8,
      PHASES_PER_LAYER, NORM_LAYER, ACT_GELU, QK_ROW,
  };
  return index < sizeof(facts) / sizeof(facts[0]) ? facts[index] : 0xffffffffu;
}

static uptr max_cols(const Model *m) {
  u64 n = m->dim > m->ffn ? m->dim : m->ffn, a = m->heads * m->head_dim;
  return pad8(n > a ? n : a);
}
static uptr acc_floats(const Model *m) { return ((uptr)(m->max_tokens + m->max_logits + 3) / 4 + 1) * 32; }
static uptr one_acts(const Model *m) { return max_cols(m) * 4 + 64; }

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
