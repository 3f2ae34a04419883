// Q4_0, Q4_1, Q5_0, Q5_1 and Q8_0: 32 columns share a scale, and a minimum where there is one.
alias Codes = vec4<u32>;

struct Unit {
  codes: vec4<u32>,
//#if BITS8
  more: vec4<u32>,
//#end
//#if FIFTH
  fifth: u32,
//#end
  scale: f32,
  offset: f32,
}

fn load_unit(unit: u32) -> Unit {
  var loaded: Unit;
//#if BITS8
  loaded.codes = codes[2u * unit];
  loaded.more = codes[2u * unit + 1u];
//#else
  loaded.codes = codes[unit];
//#end
//#if FIFTH
  loaded.fifth = extra[unit];
//#end
//#if MINIMUM
  let pair = extra[shape.scales_at + unit];
  loaded.scale = half(pair & 0xffffu);
  loaded.offset = half(pair >> 16u);
//#else
  loaded.scale = half((extra[shape.scales_at + unit / 2u] >> (16u * (unit & 1u))) & 0xffffu);
//#if FIFTH
  loaded.offset = -16.0 * loaded.scale;
//#else
  loaded.offset = -8.0 * loaded.scale;
//#end
//#end
  return loaded;
}

// Columns 4w to 4w + 3 of a unit. Low nibbles are its first half.
fn chunk(unit: Unit, w: u32) -> vec4<f32> {
//#if BITS8
  let word = select(unit.codes[w & 3u], unit.more[w & 3u], w > 3u);
  let signed = bitcast<vec4<i32>>(vec4<u32>(word) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u);
  return vec4<f32>(signed) * unit.scale;
//#else
  var code = (vec4<u32>(unit.codes[w & 3u]) >> (vec4<u32>(0u, 8u, 16u, 24u) + (w / 4u) * 4u)) & vec4<u32>(15u);
//#if FIFTH
  code |= ((vec4<u32>(unit.fifth >> (4u * w)) >> vec4<u32>(0u, 1u, 2u, 3u)) & vec4<u32>(1u)) << vec4<u32>(4u);
//#end
  return fma(vec4<f32>(code), vec4<f32>(unit.scale), vec4<f32>(unit.offset));
//#end
}
