// Rows of gate and up take turns: silu(gate) * up, or gelu (its approximation by tanh).
fn activate(x: f32) -> f32 {
//#if GELU
  let inner = 0.7978845608028654 * x * (1.0 + 0.044715 * x * x);
  return 0.5 * x * (1.0 + tanh(clamp(inner, -15.0, 15.0)));
//#else
  return x / (1.0 + exp(-x));
//#end
}

fn finish(row: u32, sums: vec4<f32>, column: u32) {
  if (column >= step_columns() || row >= shape.rows) {
    return;
  }
  let at = column * shape.out_stride + (shape.row_base + row) / 2u;
  out[at] = activate(sums.x) * sums.y;
  if (row + 2u < shape.rows) {
    out[at + 1u] = activate(sums.z) * sums.w;
  }
}
