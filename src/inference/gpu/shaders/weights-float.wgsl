// Matrices of floats, 32 columns a unit.
alias Codes = vec4<u32>;

struct Unit {
  at: u32,
}

fn load_unit(unit: u32) -> Unit {
//#if F32
  return Unit(unit * 8u);
//#else
  return Unit(unit * 4u);
//#end
}

// Columns 4w to 4w + 3 of a unit.
fn chunk(unit: Unit, w: u32) -> vec4<f32> {
//#if F32
  return bitcast<vec4<f32>>(codes[unit.at + w]);
//#else
  let eight = codes[unit.at + w / 2u];
  let four = select(eight.xy, eight.zw, (w & 1u) == 1u);
//#if F16
  return vec4<f32>(unpack2x16float(four.x), unpack2x16float(four.y));
//#else
  let words = vec4<u32>(four.x << 16u, four.x & 0xffff0000u, four.y << 16u, four.y & 0xffff0000u);
  return bitcast<vec4<f32>>(words);
//#end
//#end
}
