// A half float by its 16 bits. Done by hand, because a device may flush the small ones to zero, and the scales of
// K-quants are small.
fn half(bits: u32) -> f32 {
  let magnitude = (bits & 0x7fffu) << 13u;
  let least = bitcast<f32>(0x38800000u);
  let value = select(
    bitcast<f32>(magnitude + 0x38000000u),
    bitcast<f32>(magnitude + 0x38800000u) - least,
    (bits & 0x7c00u) == 0u,
  );
  return select(value, -value, (bits & 0x8000u) != 0u);
}
