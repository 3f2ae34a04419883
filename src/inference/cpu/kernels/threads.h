// Every thread runs the same code; work inside a phase is taken from a shared counter, phases end with a
// barrier. Results never depend on who computed what.
#pragma once
#include "model.h"

#define SPINS 8000
#define LEAST_SHARE 4

typedef struct {
  Model *m;
  Sync *s;
  u32 tid, n, phase;
  u8 *panel, *acts;
  f32 *acc, *acc2, *row, *attn;
} Ctx;

INLINE u32 aload(u32 *p) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }
INLINE void astore(u32 *p, u32 v) { __atomic_store_n(p, v, __ATOMIC_SEQ_CST); }
INLINE u32 aadd(u32 *p, u32 v) { return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST); }

// Until *p != old: first spinning (a wake-up costs more than a short phase), then asleep.
static void wait_change(Sync *s, u32 *p, u32 old) {
  for (u32 i = 0; i < SPINS; i++)
    if (aload(p) != old) return;
  aadd(&s->sleepers, 1);
  while (aload(p) == old) __builtin_wasm_memory_atomic_wait32((int *)p, (int)old, -1);
  aadd(&s->sleepers, (u32)-1);
}
INLINE void wake(Sync *s, u32 *p) {
  if (aload(&s->sleepers)) __builtin_wasm_memory_atomic_notify((int *)p, 0x7fffffff);
}

static void barrier(Ctx *c) {
  c->phase++;
  if (c->n == 1) return;
  Sync *s = c->s;
  u32 g = aload(&s->generation);
  if (aadd(&s->arrived, 1) + 1 == c->n) {
    astore(&s->arrived, 0);
    astore(&s->generation, g + 1);
    wake(s, &s->generation);
  } else {
    wait_change(s, &s->generation, g);
  }
}

// Next `step` of `total` items of this phase, or 0.
INLINE int take(Ctx *c, u32 total, u32 step, u32 *from, u32 *to) {
  u32 i = aadd(&c->s->counters[c->phase], step);
  if (i >= total) return 0;
  *from = i;
  *to = min32(i + step, total);
  return 1;
}
#define FOR_ITEMS(c, total, step, from, to) for (u32 from, to; take(c, total, step, &from, &to);)

// Next items like `take`, but as many as leave the rest even between the threads: first a large share, last a few, at
// most `most`. Long runs of weights are read faster than short ones.
INLINE int take_share(Ctx *c, u32 total, u32 most, u32 *from, u32 *to) {
  u32 *counter = &c->s->counters[c->phase], i = aload(counter);
  for (;;) {
    if (i >= total) return 0;
    u32 left = total - i, n = c->n == 1 ? left : min32(left, max32(LEAST_SHARE, left / (2 * c->n)));
    n = min32(n, most);
    if (!__atomic_compare_exchange_n(counter, &i, i + n, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) continue;
    *from = i;
    *to = i + n;
    return 1;
  }
}
