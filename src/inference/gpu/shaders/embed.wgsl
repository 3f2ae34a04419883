// Begins a column's stream with the embedding of its token.
var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let column = group.x;
  let token = step_token(column);
  if (token < shape.row_base || token >= shape.row_base + shape.rows) {
    return;
  }
  var sum = 0.0;
  for (var u = local; u < shape.units; u += 64u) {
    let unit = load_unit((token - shape.row_base) * shape.units + u);
    for (var w = 0u; w < 8u; w++) {
      let four = chunk(unit, w) * model.embedding_scale;
      for (var each = 0u; each < 4u; each++) {
        let row = u * 32u + w * 4u + each;
        if (row < model.dim) {
          let x = four[each];
          stream[column * model.dim + row] = x;
          scaled[column * shape.out_stride + row] = x * norm[row];
          sum = fma(x, x, sum);
        }
      }
    }
  }
  sums[local] = sum;
  workgroupBarrier();
  if (local == 0u) {
    var total = 0.0;
    for (var each = 0u; each < 64u; each++) {
      total += sums[each];
    }
    squares_out[column * model.squares_stride] = total;
  }
}
