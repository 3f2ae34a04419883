// Adds to the stream, multiplies by the next norm's weights for what reads it next, and leaves the sum of four squares.
fn finish(row: u32, sums: vec4<f32>, column: u32) {
  if (column >= step_columns() || row >= shape.rows) {
    return;
  }
  let first = shape.row_base + row;
  var squares = 0.0;
  for (var each = 0u; each < 4u; each++) {
    if (row + each < shape.rows) {
      let at = column * model.dim + first + each;
      let x = fma(sums[each], model.residual_scale, stream[at]);
      stream[at] = x;
      scaled[column * shape.out_stride + first + each] = x * norm[first + each];
      squares = fma(x, x, squares);
    }
  }
//#if PARTIALS
  squares_out[column * model.squares_stride + first / 4u] = squares;
//#end
}
