// A matrix times many vectors: 64 rows by 64 columns a workgroup, 4 by 4 a thread, 16 columns of the matrix a step.
var<workgroup> tile_rows: array<f32, 1024>;
var<workgroup> tile_inputs: array<f32, 1024>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let first_row = group.x * 64u;
  let first_column = group.y * 64u;
  let across = local % 64u;
  let part = local / 64u;
  let stride = shape.units * 8u;
  let loaded_row = min(first_row + across, shape.rows - 1u) * shape.units;
  let loaded_input = (first_column + across) * stride;
  let x_at = (local % 16u) * 4u;
  let row_at = (local / 16u) * 4u;
//#for c 4
  var sum_${c} = vec4<f32>();
//#end
  for (var k = 0u; k < shape.units * 2u; k++) {
    let unit = load_unit(loaded_row + k / 2u);
    let four = chunk(unit, (k & 1u) * 4u + part);
    let x = inputs[loaded_input + k * 4u + part];
    workgroupBarrier();
//#for i 4
    tile_rows[(part * 4u + ${i}u) * 64u + across] = four[${i}];
    tile_inputs[(part * 4u + ${i}u) * 64u + across] = x[${i}];
//#end
    workgroupBarrier();
    for (var some = 0u; some < 16u; some += UNROLL) {
//#for k UNROLL
    {
      let at = (some + ${k}u) * 64u;
      let rows = vec4<f32>(
        tile_rows[at + row_at], tile_rows[at + row_at + 1u],
        tile_rows[at + row_at + 2u], tile_rows[at + row_at + 3u]);
//#for c 4
      sum_${c} = fma(rows, vec4<f32>(tile_inputs[at + x_at + ${c}u]), sum_${c});
//#end
    }
//#end
    }
  }
  var sums = array<vec4<f32>, 4>(sum_0, sum_1, sum_2, sum_3);
  for (var c = 0u; c < 4u; c++) {
    let column = first_column + x_at + c;
    var sum = sums[c];
//#if NORMED
    sum *= norm_scale(squares_in[column * model.squares_stride]);
//#end
    finish(first_row + row_at, sum, column);
  }
}
