// A matrix times COLUMNS vectors: LANES threads share 4 rows and go through their columns in units of 32. What each column
// sums, and in which order, does not depend on how many columns there are.
const ROWS: u32 = 4u;
const THREADS: u32 = TEAMS * LANES;
// Sums of four threads each.
const FOURS: u32 = LANES / 4u;

var<workgroup> parts: array<vec4<f32>, THREADS * PASS>;
var<workgroup> fours: array<vec4<f32>, TEAMS * FOURS * PASS>;
//#if NORMED
var<workgroup> norm_scales: array<f32, COLUMNS>;
//#end

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let lane = local % LANES;
  let team = local / LANES;
  let first_column = group.y * COLUMNS;
//#if HEAD
  let from_column = step[1] + first_column;
//#else
  let from_column = first_column;
//#end
//#if NORMED
//#if COMBINED
  for (var c = local; c < COLUMNS; c += THREADS) {
    norm_scales[c] = norm_scale(squares_in[(from_column + c) * model.squares_stride]);
  }
//#else
  for (var c = 0u; c < COLUMNS; c++) {
    let sum = sum_squares(from_column + c, shape.partials, local);
    if (local == 0u) {
      norm_scales[c] = norm_scale(sum);
    }
  }
//#end
//#end
  let last = shape.rows - 1u;
  let row = (group.x * TEAMS + team) * ROWS;
  let row0 = min(row, last) * shape.units;
  let row1 = min(row + 1u, last) * shape.units;
  let row2 = min(row + 2u, last) * shape.units;
  let row3 = min(row + 3u, last) * shape.units;
  let stride = shape.units * 8u;
//#for p PASSES
//#for c PASS
  var sum_${p}_${c} = vec4<f32>();
//#end
//#end
  for (var u = lane; u < shape.units; u += LANES) {
    let unit0 = load_unit(row0 + u);
    let unit1 = load_unit(row1 + u);
    let unit2 = load_unit(row2 + u);
    let unit3 = load_unit(row3 + u);
    let at = from_column * stride + u * 8u;
    for (var some = 0u; some < 8u; some += UNROLL) {
//#for w UNROLL
    {
      let w = some + ${w}u;
      let rows = transpose(mat4x4<f32>(chunk(unit0, w), chunk(unit1, w), chunk(unit2, w), chunk(unit3, w)));
//#for p PASSES
//#for c PASS
      {
        let x = inputs[at + (${p}u * PASS + ${c}u) * stride + w];
        sum_${p}_${c} = fma(rows[0], vec4<f32>(x.x), sum_${p}_${c});
        sum_${p}_${c} = fma(rows[1], vec4<f32>(x.y), sum_${p}_${c});
        sum_${p}_${c} = fma(rows[2], vec4<f32>(x.z), sum_${p}_${c});
        sum_${p}_${c} = fma(rows[3], vec4<f32>(x.w), sum_${p}_${c});
      }
//#end
//#end
    }
//#end
    }
  }
  var sums: array<vec4<f32>, COLUMNS>;
//#for p PASSES
//#for c PASS
  sums[${p}u * PASS + ${c}u] = sum_${p}_${c};
//#end
//#end
  for (var first = 0u; first < COLUMNS; first += PASS) {
    workgroupBarrier();
    for (var c = 0u; c < PASS; c++) {
      parts[local * PASS + c] = sums[first + c];
    }
    workgroupBarrier();
    for (var each = local; each < TEAMS * FOURS * PASS; each += THREADS) {
      let at = (each / PASS) * 4u * PASS + each % PASS;
      fours[each] = ((parts[at] + parts[at + PASS]) + parts[at + 2u * PASS]) + parts[at + 3u * PASS];
    }
    workgroupBarrier();
    if (local < TEAMS * PASS) {
      let c = local % PASS;
      let at = (local / PASS) * FOURS * PASS + c;
      var sum = fours[at];
      for (var each = 1u; each < FOURS; each++) {
        sum += fours[at + each * PASS];
      }
//#if NORMED
      sum *= norm_scales[first + c];
//#end
      finish((group.x * TEAMS + local / PASS) * ROWS, sum, first_column + first + c);
    }
  }
}
