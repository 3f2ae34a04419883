// Basic types and the few operations that differ between the relaxed and the plain build.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <wasm_simd128.h>

typedef uint8_t u8;
typedef int8_t i8;
typedef uint16_t u16;
typedef int32_t i32;
typedef uint32_t u32;
typedef uint64_t u64;
typedef float f32;
typedef double f64;
typedef v128_t V;
typedef uintptr_t uptr;

#define INLINE static inline __attribute__((always_inline))
#define EXPORT(name) __attribute__((export_name(name), used))
#define UNROLL _Pragma("clang loop unroll(full)")

#define LOAD(p) wasm_v128_load(p)
#define STORE(p, v) wasm_v128_store((p), (v))
#define SPLAT(p) wasm_v128_load32_splat(p)
#define FSPLAT(x) wasm_f32x4_splat(x)
#define FMUL(a, b) wasm_f32x4_mul(a, b)
#define FADD(a, b) wasm_f32x4_add(a, b)

#ifdef RELAXED
#define MADD(a, b, c) wasm_f32x4_relaxed_madd(a, b, c)
#else
#define MADD(a, b, c) wasm_f32x4_add(wasm_f32x4_mul(a, b), c)
#endif

// LLVM hoists every weight load of a block and V8 then spills accumulators to the stack, which
// halves GEMM speed; an empty asm that "uses" the accumulators pins the order.
#define PIN2(a, b) __asm__ volatile("" : "+r"(a), "+r"(b)::"memory")
#define PIN4(a, b, c, d) __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d)::"memory")
#define PIN8(a, b, c, d, e, f, g, h) \
  __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f), "+r"(g), "+r"(h)::"memory")

INLINE u32 min32(u32 a, u32 b) { return a < b ? a : b; }
INLINE u32 max32(u32 a, u32 b) { return a > b ? a : b; }
INLINE u16 rd16(const u8 *p) { return (u16)(p[0] | p[1] << 8); }
INLINE u32 rd32(const u8 *p) { u32 v; __builtin_memcpy(&v, p, 4); return v; }
INLINE void wr32(u8 *p, u32 v) { __builtin_memcpy(p, &v, 4); }
INLINE f32 bits_f32(u32 v) { f32 f; __builtin_memcpy(&f, &v, 4); return f; }
INLINE u32 f32_bits(f32 f) { u32 v; __builtin_memcpy(&v, &f, 4); return v; }

// Exact f16 -> f32 for load-time code (inf and NaN become large finite numbers: a hostile file
// must not poison a whole matrix).
INLINE f32 half(u16 h) {
  u32 w = (u32)(i32)(int16_t)h << 13 & 0x8fffe000u;
  return bits_f32(w) * 0x1p112f;
}
// Four halves (as sign-extended i32 lanes) to f32 * 2^-112: two instructions, no table.
INLINE V half_lanes(V ext) { return wasm_v128_and(wasm_i32x4_shl(ext, 13), wasm_u32x4_splat(0x8fffe000u)); }
#define HALF_LO(x) half_lanes(wasm_i32x4_extend_low_i16x8(x))
#define HALF_HI(x) half_lanes(wasm_i32x4_extend_high_i16x8(x))

// f32 -> f16 bits, round to nearest even, saturating at 65504, in the low half of each lane.
INLINE V to_half(V f) {
  V sign = wasm_u32x4_shr(wasm_v128_and(f, wasm_u32x4_splat(0x80000000u)), 16);
  V a = wasm_f32x4_pmin(wasm_f32x4_abs(f), FSPLAT(65504.f));
  // 2^-112 moves f16 subnormals to f32 subnormals; the multiply does their rounding.
  V s = FMUL(a, FSPLAT(0x1p-112f));
  V odd = wasm_v128_and(wasm_u32x4_shr(s, 13), wasm_u32x4_splat(1));
  V r = wasm_u32x4_shr(wasm_i32x4_add(wasm_i32x4_add(s, wasm_u32x4_splat(0xfff)), odd), 13);
  return wasm_v128_or(wasm_u32x4_min(r, wasm_u32x4_splat(0x7bff)), sign);
}

INLINE f32 hsum(V v) {
  return (wasm_f32x4_extract_lane(v, 0) + wasm_f32x4_extract_lane(v, 1)) +
         (wasm_f32x4_extract_lane(v, 2) + wasm_f32x4_extract_lane(v, 3));
}

// exp for x <= 88; below -87 exactly 0. Cephes polynomial, relative error < 2e-7.
INLINE V vexp(V x) {
  V live = wasm_f32x4_gt(x, FSPLAT(-87.f));
  x = wasm_f32x4_pmin(wasm_f32x4_pmax(x, FSPLAT(-87.f)), FSPLAT(88.f));
  V n = wasm_f32x4_nearest(FMUL(x, FSPLAT(1.44269504f)));
  V r = MADD(n, FSPLAT(2.12194440e-4f), MADD(n, FSPLAT(-0.693359375f), x));
  V p = FSPLAT(1.9875691500e-4f);
  p = MADD(p, r, FSPLAT(1.3981999507e-3f));
  p = MADD(p, r, FSPLAT(8.3334519073e-3f));
  p = MADD(p, r, FSPLAT(4.1665795894e-2f));
  p = MADD(p, r, FSPLAT(1.6666665459e-1f));
  p = MADD(p, r, FSPLAT(5.0000001201e-1f));
  p = FADD(MADD(FMUL(p, r), r, r), FSPLAT(1.f));
  V e = wasm_i32x4_shl(wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_splat(127)), 23);
  return wasm_v128_and(FMUL(p, e), live);
}
