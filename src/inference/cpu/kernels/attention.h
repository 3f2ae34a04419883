// Grouped-query attention with a causal mask. The query heads that share a KV head, over a few tokens, are
// the rows of one work item; K and V are converted to an L1 panel once per item and 64 positions.
#pragma once
#include "norm.h"
#include "threads.h"

#define SPAN 64 // positions per panel

INLINE u32 item_rows(const Model *m) {
  u32 g = (u32)(m->heads / m->kv_heads);
  return g > 32 ? (g + 3) & ~3u : 32;
}
INLINE u32 item_tokens(const Model *m) { return max32(1, 32 / (u32)(m->heads / m->kv_heads)); }
INLINE u32 score_stride(const Model *m) { return ((u32)m->ctx + SPAN + 15) & ~15u; }
INLINE uptr attention_scratch(const Model *m) {
  u32 hp = pad8(m->head_dim), rows = item_rows(m);
  return 4 * ((uptr)SPAN * hp + 2 * (uptr)rows * hp + (uptr)rows * score_stride(m) + rows);
}

INLINE void rotate(const Model *m, const Layer *l, f32 *x, u32 pos) {
  if (!l->rope) return;
  u32 n = (u32)m->rope_dim;
  const f32 *c = PTR(const f32, l->rope) + (uptr)pos * 2 * n, *s = c + n;
  for (u32 d = 0; d < n; d += 4) {
    V a = LOAD(x + d), b = wasm_i32x4_shuffle(a, a, 1, 0, 3, 2);
    STORE(x + d, FADD(FMUL(a, LOAD(c + d)), FMUL(b, LOAD(s + d))));
  }
}

// Head `head` of a row of `heads`, normalised by `norm` where there is one.
INLINE void load_head(const Model *m, f32 *o, const f32 *x, u64 norm, u32 head, u32 heads) {
  u32 hd = (u32)m->head_dim;
  const f32 *from = x + (uptr)head * hd;
  if (norm) {
    const f32 *w = PTR(const f32, norm) + (m->qk_norm == QK_HEAD ? 0 : (uptr)head * hd);
    // A row's scale is found again for each of its heads: little next to the scores.
    f32 k = m->qk_norm == QK_ROW ? rms_scale(x, heads * hd, (f32)m->eps) : 0.f;
    if (m->qk_norm == QK_ROW) for (u32 d = 0; d < hd; d++) o[d] = from[d] * k * w[d];
    else norm_row(m, from, w, 0, o, hd);
  } else {
    for (u32 d = 0; d < hd; d++) o[d] = from[d];
  }
  for (u32 d = hd; d & 7; d++) o[d] = 0;
}

// K (rotated) and V of token t, KV head h, into the cache. tmp: one padded head.
static void store_kv(const Model *m, const Layer *l, u32 t, u32 h, f32 *tmp) {
  u32 hd = (u32)m->head_dim, hp = pad8(hd), ctx = (u32)m->ctx, pos = (u32)m->pos + t;
  u32 kvp = pad8(m->kv_heads * hd);
  uptr kat = ((uptr)h * (ctx / 8) + pos / 8) * hp * 8 + pos % 8, vat = ((uptr)h * ctx + pos) * hp;
  load_head(m, tmp, PTR(const f32, m->k) + (uptr)t * kvp, l->k_norm, h, (u32)m->kv_heads);
  rotate(m, l, tmp, pos);
  if (m->kv_f16) {
    u16 *o = PTR(u16, l->k_cache) + kat;
    for (u32 d = 0; d < hp; d += 4) {
      V v = to_half(LOAD(tmp + d));
      wasm_v128_store16_lane(o + d * 8, v, 0);
      wasm_v128_store16_lane(o + d * 8 + 8, v, 2);
      wasm_v128_store16_lane(o + d * 8 + 16, v, 4);
      wasm_v128_store16_lane(o + d * 8 + 24, v, 6);
    }
  } else {
    f32 *o = PTR(f32, l->k_cache) + kat;
    for (u32 d = 0; d < hp; d++) o[d * 8] = tmp[d];
  }
  load_head(m, tmp, PTR(const f32, m->v) + (uptr)t * kvp, 0, h, (u32)m->kv_heads);
  if (m->kv_f16) {
    u16 *o = PTR(u16, l->v_cache) + vat;
    for (u32 d = 0; d < hp; d += 8)
      STORE(o + d, wasm_u16x8_narrow_i32x4(to_half(LOAD(tmp + d)), to_half(LOAD(tmp + d + 4))));
  } else {
    f32 *o = PTR(f32, l->v_cache) + vat;
    for (u32 d = 0; d < hp; d += 4) STORE(o + d, LOAD(tmp + d));
  }
}

// n cached values (a multiple of 8) as f32: in place when the cache is f32.
INLINE const f32 *to_panel(const Model *m, u64 cache, uptr at, u32 n, f32 *panel) {
  if (!m->kv_f16) return PTR(const f32, cache) + at;
  const u16 *p = PTR(const u16, cache) + at;
  V k = FSPLAT(0x1p112f);
  for (u32 i = 0; i < n; i += 8) {
    V x = LOAD(p + i);
    STORE(panel + i, FMUL(HALF_LO(x), k));
    STORE(panel + i + 4, FMUL(HALF_HI(x), k));
  }
  return panel;
}

// R query rows times P blocks of 8 positions.
INLINE void qk(int R, int P, const f32 *q, u32 hp, const f32 *k, f32 *s, u32 ss) {
  V c[4][4][2], z = FSPLAT(0);
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int p = 0; p < P; p++) c[r][p][0] = c[r][p][1] = z;
  for (u32 d = 0; d < hp; d++) {
    V x[4];
    UNROLL for (int r = 0; r < R; r++) x[r] = SPLAT(q + (uptr)r * hp + d);
    UNROLL for (int p = 0; p < P; p++) {
      V k0 = LOAD(k + (uptr)p * hp * 8 + d * 8), k1 = LOAD(k + (uptr)p * hp * 8 + d * 8 + 4);
      UNROLL for (int r = 0; r < R; r++) {
        c[r][p][0] = MADD(k0, x[r], c[r][p][0]);
        c[r][p][1] = MADD(k1, x[r], c[r][p][1]);
      }
    }
  }
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int p = 0; p < P; p++) {
    STORE(s + (uptr)r * ss + p * 8, c[r][p][0]);
    STORE(s + (uptr)r * ss + p * 8 + 4, c[r][p][1]);
  }
}
// R rows of probabilities times n positions of V, 8*D dimensions, added to o.
INLINE void pv(int R, int D, const f32 *p, u32 ss, const f32 *v, u32 hp, u32 n, f32 *o) {
  V c[4][4][2];
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int d = 0; d < D; d++) {
    c[r][d][0] = LOAD(o + (uptr)r * hp + d * 8);
    c[r][d][1] = LOAD(o + (uptr)r * hp + d * 8 + 4);
  }
  for (u32 i = 0; i < n; i++) {
    V x[4];
    UNROLL for (int r = 0; r < R; r++) x[r] = SPLAT(p + (uptr)r * ss + i);
    UNROLL for (int d = 0; d < D; d++) {
      V v0 = LOAD(v + (uptr)i * hp + d * 8), v1 = LOAD(v + (uptr)i * hp + d * 8 + 4);
      UNROLL for (int r = 0; r < R; r++) {
        c[r][d][0] = MADD(v0, x[r], c[r][d][0]);
        c[r][d][1] = MADD(v1, x[r], c[r][d][1]);
      }
    }
  }
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int d = 0; d < D; d++) {
    STORE(o + (uptr)r * hp + d * 8, c[r][d][0]);
    STORE(o + (uptr)r * hp + d * 8 + 4, c[r][d][1]);
  }
}

INLINE void qk_rows(int R, int P, const f32 *q, u32 hp, const f32 *k, u32 blocks, f32 *s, u32 ss) {
  u32 b = 0;
  for (; b + (u32)P <= blocks; b += (u32)P) qk(R, P, q, hp, k + (uptr)b * hp * 8, s + b * 8, ss);
  if (P > 1)
    for (; b < blocks; b++) qk(R, 1, q, hp, k + (uptr)b * hp * 8, s + b * 8, ss);
}
INLINE void pv_rows(int R, int D, const f32 *p, u32 ss, const f32 *v, u32 hp, u32 n, f32 *o) {
  u32 d = 0;
  for (; d + 8 * (u32)D <= hp; d += 8 * (u32)D) pv(R, D, p, ss, v + d, hp, n, o + d);
  if (D > 1)
    for (; d < hp; d += 8) pv(R, 1, p, ss, v + d, hp, n, o + d);
}
static void qk_tile(u32 r, const f32 *q, u32 hp, const f32 *k, u32 blocks, f32 *s, u32 ss) {
  if (r >= 4) qk_rows(4, 1, q, hp, k, blocks, s, ss);
  else if (r == 3) qk_rows(3, 1, q, hp, k, blocks, s, ss);
  else if (r == 2) qk_rows(2, 2, q, hp, k, blocks, s, ss);
  else qk_rows(1, 4, q, hp, k, blocks, s, ss);
}
static void pv_tile(u32 r, const f32 *p, u32 ss, const f32 *v, u32 hp, u32 n, f32 *o) {
  if (r >= 4) pv_rows(4, 1, p, ss, v, hp, n, o);
  else if (r == 3) pv_rows(3, 1, p, ss, v, hp, n, o);
  else if (r == 2) pv_rows(2, 2, p, ss, v, hp, n, o);
  else pv_rows(1, 4, p, ss, v, hp, n, o);
}

// exp(s - max) of n scores, zero up to `padded`; returns 1 / sum.
static f32 softmax(f32 *s, u32 n, u32 padded) {
  u32 n8 = (n + 7) & ~7u;
  for (u32 i = n; i < n8; i++) s[i] = -1e30f;
  V mx = LOAD(s);
  for (u32 i = 4; i < n8; i += 4) mx = wasm_f32x4_pmax(mx, LOAD(s + i));
  mx = wasm_f32x4_pmax(mx, wasm_i32x4_shuffle(mx, mx, 2, 3, 0, 1));
  mx = wasm_f32x4_pmax(mx, wasm_i32x4_shuffle(mx, mx, 1, 0, 3, 2));
  V a = FSPLAT(0), b = a;
  for (u32 i = 0; i < n8; i += 8) {
    V e0 = vexp(wasm_f32x4_sub(LOAD(s + i), mx)), e1 = vexp(wasm_f32x4_sub(LOAD(s + i + 4), mx));
    STORE(s + i, e0);
    STORE(s + i + 4, e1);
    a = FADD(a, e0);
    b = FADD(b, e1);
  }
  for (u32 i = n8; i < padded; i += 4) STORE(s + i, FSPLAT(0));
  return 1.f / hsum(FADD(a, b));
}

// The first position that a token at `pos` sees.
INLINE u32 first_seen(const Layer *l, u32 pos) {
  u32 w = (u32)l->window;
  return w && pos + 1 > w ? pos + 1 - w : 0;
}

static void cap_row(f32 *x, u32 n, f32 cap) {
  for (u32 i = 0; i < n; i += 4) STORE(x + i, soft_cap(LOAD(x + i), cap));
}

// KV head h for tokens t0 .. t0+nt of the job.
static void attend(const Model *m, const Layer *l, u32 h, u32 t0, u32 nt, f32 *scratch) {
  u32 hd = (u32)m->head_dim, hp = pad8(hd), G = (u32)(m->heads / m->kv_heads), rows = nt * G;
  u32 ctx = (u32)m->ctx, ss = score_stride(m), qs = pad8(m->heads * hd);
  u32 n = (u32)m->pos + t0 + nt, n8 = (n + 7) & ~7u;
  f32 *panel = scratch, *q = panel + SPAN * hp, *o = q + item_rows(m) * hp, *inv = o + item_rows(m) * hp;
  f32 *s = inv + item_rows(m);
  V scale = FSPLAT((f32)m->attn_scale);
  for (u32 r = 0; r < rows; r++) {
    f32 *x = q + r * hp;
    load_head(m, x, PTR(const f32, m->q) + (uptr)(t0 + r / G) * qs, l->q_norm, h * G + r % G, (u32)m->heads);
    rotate(m, l, x, (u32)m->pos + t0 + r / G);
    for (u32 d = 0; d < hp; d += 4) {
      STORE(x + d, FMUL(LOAD(x + d), scale));
      STORE(o + r * hp + d, FSPLAT(0));
    }
  }
  // Positions before the first that any of the tokens sees are left out, in whole blocks of 8.
  u32 lo = first_seen(l, (u32)m->pos + t0) & ~7u;
  for (u32 p = lo; p < n8; p += SPAN) {
    u32 len = min32(SPAN, n8 - p);
    const f32 *k = to_panel(m, l->k_cache, ((uptr)h * (ctx / 8) + p / 8) * hp * 8, len * hp, panel);
    for (u32 r = 0; r < rows; r += 4) qk_tile(rows - r, q + r * hp, hp, k, len / 8, s + (uptr)r * ss + p, ss);
  }
  for (u32 r = 0; r < rows; r++) {
    f32 *row = s + (uptr)r * ss;
    u32 pos = (u32)m->pos + t0 + r / G;
    if (m->attn_cap > 0) cap_row(row + lo, n8 - lo, (f32)m->attn_cap);
    for (u32 p = lo, first = first_seen(l, pos); p < first; p++) row[p] = -1e30f;
    inv[r] = softmax(row + lo, pos + 1 - lo, n8 - lo);
  }
  for (u32 p = lo; p < n; p += SPAN) {
    u32 len = min32(SPAN, n - p);
    const f32 *v = to_panel(m, l->v_cache, ((uptr)h * ctx + p) * hp, len * hp, panel);
    for (u32 r = 0; r < rows; r += 4) pv_tile(rows - r, s + (uptr)r * ss + p, ss, v, hp, len, o + r * hp);
  }
  for (u32 r = 0; r < rows; r++) {
    f32 *out = PTR(f32, m->att) + (uptr)(t0 + r / G) * qs + (uptr)(h * G + r % G) * hd;
    for (u32 d = 0; d < hd; d++) out[d] = o[r * hp + d] * inv[r];
  }
}
