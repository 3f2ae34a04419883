// GGUF blocks to frames (frames.h), one group of 8 rows at a time.
#pragma once
#include "frames.h"

#define QK 256

// What a row of one (super)block decodes to: a code per column, one scale (and minimum) byte per 16 or
// 32 columns for K-quants, f16 scale and minimum otherwise.
typedef struct {
  u8 code[QK];
  u8 sc[16], mn[16];
  u16 d, m;
  f32 scale; // of the types that become Q8_0, in place of d
} RowBlock;

INLINE u32 file_block_bytes(int type) {
  switch (type) {
    case T_Q8_0: case T_Q8_S: return 34;
    case T_Q4_0: return 18;
    case T_Q4_1: return 20;
    case T_Q5_0: return 22;
    case T_Q5_1: return 24;
    case T_Q2_K: return 84;
    case T_Q3_K: return 110;
    case T_Q4_K: return 144;
    case T_Q5_K: return 176;
    case T_Q6_K: return 210;
    case F_IQ4_NL: case F_IQ4_NL_S: return 18;
    case F_IQ4_XS: case F_IQ4_XS_S: return 136;
    case F_MXFP4: case F_MXFP4_S: return 17;
  }
  return 0;
}
INLINE int is_iq4_xs(int type) { return type == F_IQ4_XS || type == F_IQ4_XS_S; }
// Columns of a block in the file.
INLINE u32 file_block(int type) { return traits(type).k || is_iq4_xs(type) ? QK : 32; }

// The values that codes of 4 bits name: IQ4_NL's and IQ4_XS's, and twice those of E2M1 (MXFP4).
static const i8 IQ4_VALUES[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
static const i8 FP4_VALUES[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
INLINE void named_values(const i8 *values, const u8 *q, u8 flip, u8 *o) {
  for (int i = 0; i < 16; i++) o[i] = (u8)values[q[i] & 15] ^ flip, o[i + 16] = (u8)values[q[i] >> 4] ^ flip;
}

INLINE void nibbles(const u8 *q, u8 *o) {
  for (int i = 0; i < 16; i++) o[i] = q[i] & 15, o[i + 16] = q[i] >> 4;
}
// Bit i of the 32 at p, as the fifth of code i.
INLINE void fifth_bits(const u8 *p, u8 *o) {
  V h = SPLAT(p), bit = wasm_u8x16_make(1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128), five = wasm_u8x16_splat(16);
  V lo = wasm_v128_and(wasm_i8x16_shuffle(h, h, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1), bit);
  V hi = wasm_v128_and(wasm_i8x16_shuffle(h, h, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3), bit);
  STORE(o, wasm_v128_or(LOAD(o), wasm_v128_and(wasm_i8x16_eq(lo, bit), five)));
  STORE(o + 16, wasm_v128_or(LOAD(o + 16), wasm_v128_and(wasm_i8x16_eq(hi, bit), five)));
}
// The bits of `mask` (within a byte) of every byte shifted right.
INLINE V byte_bits(V x, int shift, int mask) { return wasm_v128_and(shift ? wasm_u16x8_shr(x, shift) : x, wasm_u8x16_splat((u8)mask)); }

// The 6-bit scales and minima of Q4_K and Q5_K, packed in 12 bytes.
INLINE void six_bit_scales(const u8 *q, u8 *sc, u8 *mn) {
  for (int j = 0; j < 4; j++) {
    sc[j] = q[j] & 63, mn[j] = q[j + 4] & 63;
    sc[j + 4] = (u8)((q[j + 8] & 15) | (q[j] >> 6) << 4);
    mn[j + 4] = (u8)((q[j + 8] >> 4) | (q[j + 4] >> 6) << 4);
  }
}

INLINE void decode_row(int type, const u8 *s, u32 part, RowBlock *o) {
  switch (type) {
    case T_Q8_0:
    case T_Q8_S: {
      u8 flip = type == T_Q8_0 ? 0x80 : 0;
      o->d = rd16(s);
      for (int i = 0; i < 32; i++) o->code[i] = s[2 + i] ^ flip;
      return;
    }
    case F_IQ4_NL: case F_IQ4_NL_S:
      o->scale = half(rd16(s));
      named_values(IQ4_VALUES, s + 2, type == F_IQ4_NL ? 0x80 : 0, o->code);
      return;
    case F_IQ4_XS: case F_IQ4_XS_S: {
      // `part` of 8: six bits of scale, four of them two to a byte.
      u32 low = s[4 + part / 2] >> (4 * (part % 2)) & 15, high = rd16(s + 2) >> (2 * part) & 3;
      o->scale = half(rd16(s)) * (f32)((i32)(low | high << 4) - 32);
      named_values(IQ4_VALUES, s + 8 + 16 * part, type == F_IQ4_XS ? 0x80 : 0, o->code);
      return;
    }
    case F_MXFP4: case F_MXFP4_S:
      // E8M0, halved for the doubled values; below 2^-126 nothing is left.
      o->scale = s[0] > 1 ? bits_f32((u32)(s[0] - 1) << 23) : 0.f;
      named_values(FP4_VALUES, s + 1, type == F_MXFP4 ? 0x80 : 0, o->code);
      return;
    case T_Q4_0: o->d = rd16(s), nibbles(s + 2, o->code); return;
    case T_Q4_1: o->d = rd16(s), o->m = rd16(s + 2), nibbles(s + 4, o->code); return;
    case T_Q5_0: o->d = rd16(s), nibbles(s + 6, o->code), fifth_bits(s + 2, o->code); return;
    case T_Q5_1: o->d = rd16(s), o->m = rd16(s + 2), nibbles(s + 8, o->code), fifth_bits(s + 4, o->code); return;
    case T_Q4_K:
    case T_Q5_K: {
      o->d = rd16(s), o->m = rd16(s + 2);
      six_bit_scales(s + 4, o->sc, o->mn);
      const u8 *qh = s + 16, *q = type == T_Q4_K ? s + 16 : s + 48;
      for (int j = 0; j < 4; j++, q += 32) {
        u8 *c = o->code + 64 * j;
        for (int i = 0; i < 32; i++) c[i] = q[i] & 15, c[i + 32] = q[i] >> 4;
        if (type == T_Q5_K)
          for (int i = 0; i < 32; i++)
            c[i] |= (u8)((qh[i] >> (2 * j) & 1) << 4), c[i + 32] |= (u8)((qh[i] >> (2 * j + 1) & 1) << 4);
      }
      return;
    }
    case T_Q6_K: {
      const u8 *ql = s, *qh = s + 128;
      for (int n = 0; n < 2; n++, ql += 64, qh += 32) {
        u8 *c = o->code + 128 * n;
        for (int i = 0; i < 32; i++) {
          c[i] = (u8)((ql[i] & 15) | (qh[i] & 3) << 4);
          c[i + 32] = (u8)((ql[i + 32] & 15) | (qh[i] >> 2 & 3) << 4);
          c[i + 64] = (u8)(ql[i] >> 4 | (qh[i] >> 4 & 3) << 4);
          c[i + 96] = (u8)(ql[i + 32] >> 4 | (qh[i] >> 6) << 4);
        }
      }
      for (int i = 0; i < 16; i++) o->sc[i] = s[192 + i];
      o->d = rd16(s + 208);
      return;
    }
    case T_Q3_K: {
      const u8 *p = s + 96;
      UNROLL for (int i = 0; i < 32; i += 16) {
        V hm = LOAD(s + i);
        UNROLL for (int n = 0; n < 2; n++) {
          V q = LOAD(s + 32 + 32 * n + i);
          UNROLL for (int j = 0; j < 4; j++)
            STORE(o->code + 128 * n + 32 * j + i,
                  wasm_v128_or(byte_bits(q, 2 * j, 3), wasm_i16x8_shl(byte_bits(hm, 4 * n + j, 1), 2)));
        }
      }
      for (int i = 0; i < 16; i++) {
        u8 lo = i < 8 ? p[i] & 15 : p[i - 8] >> 4, hi = p[8 + (i & 3)] >> (2 * (i >> 2)) & 3;
        o->sc[i] = (u8)((lo | hi << 4) - 32);
      }
      o->d = rd16(s + 108);
      return;
    }
    case T_Q2_K: {
      UNROLL for (int i = 0; i < 64; i += 16) {
        V q = LOAD(s + 16 + i);
        UNROLL for (int j = 0; j < 4; j++) STORE(o->code + 128 * (i / 32) + 32 * j + i % 32, byte_bits(q, 2 * j, 3));
      }
      for (int i = 0; i < 16; i++) o->sc[i] = s[i];
      o->d = rd16(s + 80), o->m = rd16(s + 82);
      return;
    }
  }
}

// f16 times 2^shift as f16; *over is set where that is out of range.
INLINE u16 shift_half(u16 h, u32 shift, u32 *over) {
  u32 e = h >> 10 & 31, m = h & 0x3ff;
  if (!shift || !(h & 0x7fff)) return h;
  if (!e) { // subnormal: normalise as far as the shift allows
    while (shift && !(m & 0x400)) m <<= 1, shift--;
    if (!(m & 0x400)) return (u16)((h & 0x8000) | m);
    return (u16)((h & 0x8000) | (shift + 1) << 10 | (m & 0x3ff));
  }
  if (e + shift > 30) *over = 1;
  return (u16)((h & 0x8000) | (e + shift) << 10 | m);
}

// The same of eight. Subnormals are rare, and go one by one.
INLINE V shift_halves(V h, u32 shift, u32 *over) {
  if (!shift) return h;
  V exponent = wasm_v128_and(h, wasm_u16x8_splat(0x7c00)), zero = wasm_i16x8_eq(exponent, wasm_i16x8_splat(0));
  V mantissa = wasm_v128_and(h, wasm_u16x8_splat(0x3ff));
  if (wasm_v128_any_true(wasm_v128_and(zero, mantissa))) {
    u16 each[8];
    STORE(each, h);
    for (int i = 0; i < 8; i++) each[i] = shift_half(each[i], shift, over);
    return LOAD(each);
  }
  if (wasm_v128_any_true(wasm_i16x8_gt(exponent, wasm_i16x8_splat((int16_t)((30 - shift) << 10))))) *over = 1;
  return wasm_i16x8_add(h, wasm_v128_andnot(wasm_u16x8_splat((u16)(shift << 10)), zero));
}

// A scale times 2^shift as f16, rounded; *over is set where that is out of range.
INLINE u16 scale_half(f32 x, u32 shift, u32 *over) {
  f32 y = x * (f32)(1u << shift);
  if (y > 65504.f || y < -65504.f) *over = 1;
  return (u16)wasm_i32x4_extract_lane(to_half(FSPLAT(y)), 0);
}

// The planes of 32 columns of 8 rows, from their codes (row r at c + r * stride).
INLINE void pack_planes(Traits t, const u8 *c, uptr stride, u8 *o) {
  V x[16];
  UNROLL for (int i = 0; i < 4; i++) {
    // Four rows of 16 columns, transposed in units of four columns.
    const u8 *p = c + (uptr)(4 * (i & 1)) * stride + 16 * (i >> 1);
    V a = LOAD(p), b = LOAD(p + stride), d = LOAD(p + 2 * stride), e = LOAD(p + 3 * stride);
    V ab = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5), de = wasm_i32x4_shuffle(d, e, 0, 4, 1, 5);
    V *to = x + 8 * (i >> 1) + (i & 1);
    to[0] = wasm_i64x2_shuffle(ab, de, 0, 2), to[2] = wasm_i64x2_shuffle(ab, de, 1, 3);
    ab = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7), de = wasm_i32x4_shuffle(d, e, 2, 6, 3, 7);
    to[4] = wasm_i64x2_shuffle(ab, de, 0, 2), to[6] = wasm_i64x2_shuffle(ab, de, 1, 3);
  }
#ifndef RELAXED
  // The plain dot product takes pairs of columns: low half of the vector columns 0, 1, high half 2, 3.
  UNROLL for (int v = 0; v < 16; v++) x[v] = wasm_i16x8_shuffle(x[v], x[v], 0, 2, 4, 6, 1, 3, 5, 7);
#endif
  if (t.lo == 8) {
    UNROLL for (int v = 0; v < 16; v++) STORE(o + 16 * v, x[v]);
    return;
  }
  V m = wasm_u8x16_splat((u8)((1 << t.lo) - 1));
  int n = t.lo == 4 ? 8 : 4;
  UNROLL for (int p = 0; p < n; p++) {
    V y = wasm_v128_and(x[p], m);
    UNROLL for (int s = 1; s < 16 / n; s++) y = wasm_v128_or(y, wasm_i16x8_shl(wasm_v128_and(x[p + n * s], m), t.lo * s));
    STORE(o + 16 * p, y);
  }
  if (!t.hi) return;
  V hm = wasm_u8x16_splat(t.hi == 2 ? 3 : 1);
  o += 32 * t.lo;
  n = t.hi == 2 ? 4 : 2;
  UNROLL for (int p = 0; p < n; p++) {
    V y = wasm_i32x4_splat(0);
    UNROLL for (int s = 0; s < 16 / n; s++)
      y = wasm_v128_or(y, wasm_i16x8_shl(wasm_v128_and(wasm_u16x8_shr(x[p + n * s], t.lo), hm), t.hi * s));
    STORE(o + 16 * p, y);
  }
}

// 8 rows (fewer at the end: the rest become zero) of `row_bytes` each, from src to the frame at dst.
INLINE u32 repack_group(int type, const u8 *src, uptr row_bytes, u32 rows, u32 cols, u8 *dst, u32 shift) {
  Traits t = traits(type);
  u32 over = 0, span = t.k ? QK : 32;
  RowBlock row[8];
  for (u32 r = rows; r < 8; r++) __builtin_memset(&row[r], 0, sizeof(RowBlock));
  for (u32 b = 0; b < cols / span; b++) {
    u32 per = file_block(type) / span;
    for (u32 r = 0; r < rows; r++)
      decode_row(type, src + r * row_bytes + (uptr)(b / per) * file_block_bytes(type), b % per, &row[r]);
    u16 d[8], m[8];
    if (type < T_COUNT) {
      for (u32 r = 0; r < 8; r++) d[r] = row[r].d, m[r] = row[r].m;
      STORE(dst, shift_halves(LOAD(d), shift, &over));
      if (t.min) STORE(dst + 16, shift_halves(LOAD(m), shift, &over));
    } else {
      for (u32 r = 0; r < 8; r++) d[r] = scale_half(row[r].scale, shift, &over);
      STORE(dst, LOAD(d));
    }
    if (!t.k) {
      pack_planes(t, row[0].code, sizeof(RowBlock), dst + scale_bytes(t));
      dst += block_bytes(t);
      continue;
    }
    dst += head_bytes(t);
    for (u32 i = 0; i < 8; i++, dst += block_bytes(t)) {
      for (u32 r = 0; r < 8; r++) {
        if (t.sub) dst[r] = row[r].sc[2 * i], dst[8 + r] = row[r].sc[2 * i + 1];
        else dst[r] = row[r].sc[i], dst[8 + r] = row[r].mn[i];
      }
      pack_planes(t, row[0].code + 32 * i, sizeof(RowBlock), dst + scale_bytes(t));
    }
  }
  return over;
}

INLINE u32 repack_float(int type, const u8 *src, uptr row_bytes, u32 rows, u32 cols, u8 *dst, u32 shift) {
  u32 over = 0;
  for (u32 r = 0; r < 8; r++) {
    const u8 *s = src + r * row_bytes;
    if (type == T_F32) {
      for (u32 k = 0; k < cols; k++) wr32(dst + (uptr)k * 32 + 4 * r, r < rows ? rd32(s + 4 * k) : 0);
    } else {
      u16 *o = (u16 *)dst;
      for (u32 k = 0; k < cols; k++) o[k * 8 + r] = r < rows ? rd16(s + 2 * k) : 0;
    }
  }
  if (type == T_F16 && shift)
    for (u32 k = 0; k < cols; k++, dst += 16) STORE(dst, shift_halves(LOAD(dst), shift, &over));
  return over;
}

// `rows` consecutive rows from src into frames at dst. Returns 1 if a scale overflowed at this shift.
static u32 repack(int type, const u8 *src, u32 rows, u32 cols, u8 *dst, u32 shift) {
  u32 over = 0;
  uptr gb = group_bytes(type, cols);
  uptr rb = type == T_F32 ? (uptr)cols * 4 : type <= T_BF16 ? (uptr)cols * 2 : 0;
  for (u32 r = 0; r < rows; r += 8, dst += gb) {
    u32 n = min32(8, rows - r);
    switch (type) {
#define Q(T) case T: rb = (uptr)(cols / file_block(T)) * file_block_bytes(T); over |= repack_group(T, src, rb, n, cols, dst, shift); break;
      Q(T_Q8_0) Q(T_Q8_S) Q(T_Q4_0) Q(T_Q4_1) Q(T_Q5_0) Q(T_Q5_1) Q(T_Q4_K) Q(T_Q5_K) Q(T_Q6_K) Q(T_Q3_K) Q(T_Q2_K)
      Q(F_IQ4_NL) Q(F_IQ4_NL_S) Q(F_IQ4_XS) Q(F_IQ4_XS_S) Q(F_MXFP4) Q(F_MXFP4_S)
#undef Q
      case T_F32: over |= repack_float(T_F32, src, rb, n, cols, dst, shift); break;
      case T_F16: over |= repack_float(T_F16, src, rb, n, cols, dst, shift); break;
      case T_BF16: over |= repack_float(T_BF16, src, rb, n, cols, dst, shift); break;
    }
    src += 8 * rb;
  }
  return over;
}
