// Logits, with the model's scale and soft cap.
fn finish(row: u32, sums: vec4<f32>, column: u32) {
  if (column >= step_columns()) {
    return;
  }
  for (var each = 0u; each < 4u; each++) {
    if (row + each < shape.rows) {
      var logit = sums[each] * model.logit_scale;
      if (model.logit_cap > 0.0) {
        logit = model.logit_cap * tanh(logit / model.logit_cap);
      }
      out[column * shape.out_stride + shape.row_base + row + each] = logit;
    }
  }
}
