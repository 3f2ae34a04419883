// K-quants: eight units of 32 columns share two half floats, and each unit has scales of its own.
//#if TWO
alias Codes = vec2<u32>;
//#else
alias Codes = vec4<u32>;
//#end

struct Unit {
  codes: Codes,
//#if HIGH1
  high: u32,
//#end
//#if HIGH2
  high: vec2<u32>,
//#end
  // For the first 16 columns and the others.
  scale: vec2<f32>,
  offset: vec2<f32>,
}

fn load_unit(unit: u32) -> Unit {
  var loaded: Unit;
  loaded.codes = codes[unit];
//#if HIGH1
  loaded.high = extra[unit];
//#end
//#if HIGH2
  loaded.high = vec2<u32>(extra[2u * unit], extra[2u * unit + 1u]);
//#end
  let own = (extra[shape.scales_at + unit / 2u] >> (16u * (unit & 1u))) & 0xffffu;
  let both = extra[shape.super_at + unit / 8u];
  let d = half(both & 0xffffu);
//#if SIGNED
  // Two signed scales (Q3_K, Q6_K).
  let signed = vec2<i32>(bitcast<i32>(own << 24u) >> 24u, bitcast<i32>(own << 16u) >> 24u);
  loaded.scale = d * vec2<f32>(signed);
//#if HIGH2
  loaded.offset = -32.0 * loaded.scale;
//#else
  loaded.offset = -4.0 * loaded.scale;
//#end
//#else
  let least = half(both >> 16u);
//#if TWO
  // Two scales and two minimums of four bits each (Q2_K).
  loaded.scale = d * vec2<f32>(vec2<u32>(own & 15u, (own >> 8u) & 15u));
  loaded.offset = -least * vec2<f32>(vec2<u32>((own >> 4u) & 15u, own >> 12u));
//#else
  // A scale and a minimum (Q4_K, Q5_K).
  loaded.scale = vec2<f32>(d * f32(own & 255u));
  loaded.offset = vec2<f32>(-least * f32(own >> 8u));
//#end
//#end
  return loaded;
}

// Columns 4w to 4w + 3 of a unit.
fn chunk(unit: Unit, w: u32) -> vec4<f32> {
//#if TWO
  var code = (vec4<u32>(unit.codes[w / 4u] >> (8u * (w & 3u))) >> vec4<u32>(0u, 2u, 4u, 6u)) & vec4<u32>(3u);
//#if HIGH1
  code |= ((vec4<u32>(unit.high >> (4u * w)) >> vec4<u32>(0u, 1u, 2u, 3u)) & vec4<u32>(1u)) << vec4<u32>(2u);
//#end
//#else
  var code = (vec4<u32>(unit.codes[w & 3u]) >> (vec4<u32>(0u, 8u, 16u, 24u) + (w / 4u) * 4u)) & vec4<u32>(15u);
//#if HIGH1
  code |= ((vec4<u32>(unit.high >> (4u * w)) >> vec4<u32>(0u, 1u, 2u, 3u)) & vec4<u32>(1u)) << vec4<u32>(4u);
//#end
//#if HIGH2
  code |= ((vec4<u32>(unit.high[w / 4u] >> (8u * (w & 3u))) >> vec4<u32>(0u, 2u, 4u, 6u)) & vec4<u32>(3u)) << vec4<u32>(4u);
//#end
//#end
  return fma(vec4<f32>(code), vec4<f32>(unit.scale[w / 4u]), vec4<f32>(unit.offset[w / 4u]));
}
