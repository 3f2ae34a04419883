// The model as the TypeScript side writes it: every member is 8 bytes, so that one layout serves 32- and
// 64-bit memory. ../layout.ts lists the same members in the same order, and compares with `describe` (engine.c).
#pragma once
#include "frames.h"

enum { NORM_RMS, NORM_LAYER };
enum { ACT_SILU, ACT_GELU };
// What of queries and keys is normalised before RoPE: a head with weights for all heads, a head with its own weights,
// all heads together.
enum { QK_NONE, QK_HEAD, QK_EACH_HEAD, QK_ROW };

// Addresses of vectors are 0 where there is none; biases are padded to 8.
typedef struct {
  Matrix q, k, v, o, gate, up, down; // gate: without rows where nothing gates
  Matrix router;                    // a row for each expert
  u64 attn_norm, attn_norm_bias, attn_post_norm, ffn_norm, ffn_norm_bias, ffn_post_norm; // f32[dim]
  u64 q_norm, k_norm;
  u64 q_bias, k_bias, v_bias, o_bias, gate_bias, up_bias, down_bias;
  u64 rope;                         // f32[ctx][2][rope_dim]: cos cos .., -sin sin ..; 0: positions are not rotated
  u64 experts;                      // Expert[experts] (experts.h); 0: one network
  u64 window;                       // positions that a token sees, itself included; 0: all
  u64 k_cache, v_cache;             // K [kv head][pos/8][dim][8], V [kv head][pos][dim]
} Layer;

typedef struct {
  u64 layers, layer_count;
  u64 dim, heads, kv_heads, head_dim, ffn, vocab;
  u64 ctx;                          // positions, multiple of 8
  u64 kv_f16;
  u64 rope_dim;
  u64 norm, activation, qk_norm;
  u64 experts, experts_used, experts_normed; // normed: the weights of the chosen ones sum up to 1
  u64 parallel;                     // attention and feed-forward read the same x
  Matrix embedding, positions, output; // positions: without rows where they are not learned
  u64 output_norm, output_norm_bias, output_bias;
  f64 eps, attn_scale, attn_cap, logit_cap, logit_scale, embedding_scale, residual_scale, expert_scale; // caps: 0 for none
  u64 x, q, k, v, att, h, y;        // f32[max_tokens][...], rows padded to 8; y: what is normalised before it is added
  u64 routes, expert_h, expert_y;   // experts.h
  u64 acts[A_COUNT];                // prepared activations of max_tokens, by form
  u64 logits, stats;                // f32[max_logits][vocab padded to 8]; f64[max_logits][3]
  u64 max_tokens, max_logits;
  u64 scratch, scratch_bytes;       // per thread, consecutive
  u64 sync;
  // The job: written by the leader before each run.
  u64 tokens;                       // u32[count]
  u64 count, pos, first_layer, last_layer, threads;
  u64 logits_from, logits_count, want_stats;
} Model;

typedef struct {
  u32 seq, quit, done, pad0[13];    // job number << 8 | threads; workers finished; stand-in.ts's
  u32 generation, arrived, sleepers, pad1[13];
  u32 counters[];                   // one per phase of a job
} Sync;

#define PHASES_PER_LAYER 16 // at most: each has a counter

INLINE u32 pad8(u64 n) { return ((u32)n + 7) & ~7u; }
#define PTR(T, v) ((T *)(uptr)(v))
