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

static void rms_norm(const f32 *x, const f32 *w, f32 *o, u32 n, f32 eps) {
  V a = FSPLAT(0), b = a;
  u32 i = 0;
  for (; i + 8 <= n; i += 8) {
    V x0 = LOAD(x + i), x1 = LOAD(x + i + 4);
    a = MADD(x0, x0, a);
    b = MADD(x1, x1, b);
  }
  f32 s = hsum(FADD(a, b));
  for (; i < n; i++) s += x[i] * x[i];
  f32 k = 1.f / __builtin_sqrtf(s / (f32)n + eps);
  V kv = FSPLAT(k);
  for (i = 0; i + 4 <= n; i += 4) STORE(o + i, FMUL(FMUL(LOAD(x + i), kv), LOAD(w + i)));
  for (; i < n; i++) o[i] = x[i] * k * w[i];
}

// a = silu(a) * b
INLINE void swiglu(f32 *o, const f32 *a, const f32 *b) {
  V g = LOAD(a);
  V d = FADD(FSPLAT(1.f), vexp(wasm_f32x4_neg(g)));
  STORE(o, FMUL(wasm_f32x4_div(g, d), LOAD(b)));
}

typedef struct { const Matrix *m; f32 *out; u32 stride; int add; } Target;

// Prepares `count` rows (optionally normalised) in every form the targets read. One token: each thread
// for itself, no barrier. More: shared, by tiles.
static void prepare(Ctx *c, const f32 *x, u32 stride, u32 cols, u64 norm, u32 count, const Target *t, int nt, int shared) {
  Model *m = c->m;
  u32 forms = 0;
  for (int i = 0; i < nt; i++) forms |= 1u << t[i].m->act;
  const f32 *w = PTR(const f32, norm);
  if (!shared) {
    if (w) rms_norm(x, w, c->row, cols, (f32)m->eps), x = c->row;
    for (int a = 0; a < A_COUNT; a++)
      if (forms >> a & 1) prepare_one(a, x, cols, c->acts + (uptr)a * one_acts(m));
    return;
  }
  u32 tiles = (count + 3) / 4;
  FOR_ITEMS(c, tiles, 1, from, to) for (u32 i = from; i < to; i++) for (u32 k = 0; k < 4; k++) {
    u32 tok = 4 * i + k;
    const f32 *r = tok < count ? x + (uptr)tok * stride : 0;
    if (w && r) rms_norm(r, w, c->row, cols, (f32)m->eps), r = c->row;
    for (int a = 0; a < A_COUNT; a++)
      if (forms >> a & 1) prepare_four(a, r, cols, (int)k, PTR(u8, m->acts[a]) + i * act_tile(a, cols, 4));
  }
  barrier(c);
}

INLINE void put(const Target *t, u32 tok, u32 row, const f32 *v) {
  f32 *o = t->out + (uptr)tok * t->stride + row;
  V a = LOAD(v), b = LOAD(v + 4);
  if (t->add) a = FADD(a, LOAD(o)), b = FADD(b, LOAD(o + 4));
  STORE(o, a);
  STORE(o + 4, b);
}

// Every target times the prepared activations. With `glu` the two targets are gate and up.
static void multiply(Ctx *c, const Target *t, int nt, u32 count, int shared, int glu) {
  Model *m = c->m;
  u32 total = 0, tiles = (count + 3) / 4;
  for (int i = 0; i < (glu ? 1 : nt); i++) total += (u32)t[i].m->rows / 8;
  u32 step = shared ? 1 : min32(16, max32(1, total / (c->n * 6)));
  f32 a[128], b[128];
  FOR_ITEMS(c, total, step, from, to) while (from < to) {
    const Target *k = t;
    u32 g = from;
    if (!glu) while (g >= (u32)k->m->rows / 8) g -= (u32)k->m->rows / 8, k++;
    u32 n = min32(to - from, (u32)k->m->rows / 8 - g);
    from += n;
    if (!shared) {
      gemv(k->m, g, g + n, c->acts + k->m->act * one_acts(m), a);
      if (glu) {
        gemv(t[1].m, g, g + n, c->acts + t[1].m->act * one_acts(m), b);
        for (u32 i = 0; i < 8 * n; i += 4) swiglu(a + i, a + i, b + i);
      }
      for (u32 i = 0; i < n; i++) put(k, 0, (g + i) * 8, a + 8 * i);
      continue;
    }
    for (u32 i = 0; i < n; i++) {
      gemm(k->m, g + i, PTR(const u8, m->acts[k->m->act]), tiles, c->panel, c->acc);
      if (glu) gemm(t[1].m, g + i, PTR(const u8, m->acts[t[1].m->act]), tiles, c->panel, c->acc2);
      for (u32 tok = 0; tok < count; tok++) {
        f32 *v = c->acc + tok * 8;
        if (glu) swiglu(v, v, c->acc2 + tok * 8), swiglu(v + 4, v + 4, c->acc2 + tok * 8 + 4);
        put(k, tok, (g + i) * 8, v);
      }
    }
  }
  barrier(c);
}

static void run_layer(Ctx *c, const Layer *l) {
  Model *m = c->m;
  u32 count = (u32)m->count, shared = count > 1, dim = (u32)m->dim, dp = pad8(dim), ffn = (u32)m->ffn;
  u32 qn = (u32)(m->heads * m->head_dim), qs = pad8(qn), ks = pad8(m->kv_heads * m->head_dim);
  f32 *x = PTR(f32, m->x), *att = PTR(f32, m->att), *h = PTR(f32, m->h);

  Target qkv[3] = {{&l->q, PTR(f32, m->q), qs, 0}, {&l->k, PTR(f32, m->k), ks, 0}, {&l->v, PTR(f32, m->v), ks, 0}};
  prepare(c, x, dp, dim, l->attn_norm, count, qkv, 3, (int)shared);
  multiply(c, qkv, 3, count, (int)shared, 0);

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

  Target o = {&l->o, x, dp, 1};
  prepare(c, att, qs, qn, 0, count, &o, 1, (int)shared);
  multiply(c, &o, 1, count, (int)shared, 0);

  Target gu[2] = {{&l->gate, h, pad8(ffn), 0}, {&l->up, h, pad8(ffn), 0}};
  prepare(c, x, dp, dim, l->ffn_norm, count, gu, 2, (int)shared);
  multiply(c, gu, 2, count, (int)shared, 1);

  Target down = {&l->down, x, dp, 1};
  prepare(c, h, pad8(ffn), ffn, 0, count, &down, 1, (int)shared);
  multiply(c, &down, 1, count, (int)shared, 0);
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

static void run_job(Model *m, u32 tid) {
  Ctx ctx = context(m, tid), *c = &ctx;
  u32 dim = (u32)m->dim, dp = pad8(dim), count = (u32)m->count;
  if (m->first_layer == 0 && m->last_layer) {
    FOR_ITEMS(c, count, 1, from, to)
      matrix_row(&m->embedding, PTR(u32, m->tokens)[from], c->panel, PTR(f32, m->x) + (uptr)from * dp);
    barrier(c);
  }
  for (u64 i = m->first_layer; i < m->last_layer; i++) run_layer(c, PTR(const Layer, m->layers) + i);
  u32 rows = (u32)m->logits_count;
  if (!rows) return;
  Target t = {&m->output, PTR(f32, m->logits), pad8(m->vocab), 0};
  prepare(c, PTR(f32, m->x) + (uptr)m->logits_from * dp, dp, dim, m->output_norm, rows, &t, 1, rows > 1);
  multiply(c, &t, 1, rows, rows > 1, 0);
  if (m->want_stats) FOR_ITEMS(c, rows, 1, from, to) row_stats(m, from);
}

// The leader's call: runs the job in the model with m->threads threads, returns when all are done.
EXPORT("run") void run(f64 model) {
  Model *m = PTR(Model, ADDR(model));
  Sync *s = PTR(Sync, m->sync);
  u32 phases = (u32)(m->last_layer - m->first_layer) * 12 + 8;
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
