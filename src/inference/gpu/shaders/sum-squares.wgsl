// The sum of a column's sums of squares, always in the same order: threads take every THREADS-th, then a group's share of
// the threads' sums is added, then the groups'.
const SQUARE_GROUPS: u32 = min(8u, THREADS);
const GROUP_SIZE: u32 = THREADS / SQUARE_GROUPS;
var<workgroup> square_sums: array<f32, THREADS>;
var<workgroup> square_groups: array<f32, SQUARE_GROUPS>;

fn sum_squares(column: u32, count: u32, local: u32) -> f32 {
  var sum = 0.0;
  for (var at = local; at < count; at += THREADS) {
    sum += squares_in[column * model.squares_stride + at];
  }
  square_sums[local] = sum;
  workgroupBarrier();
  if (local < SQUARE_GROUPS) {
    var share = 0.0;
    for (var each = 0u; each < GROUP_SIZE; each++) {
      share += square_sums[local * GROUP_SIZE + each];
    }
    square_groups[local] = share;
  }
  workgroupBarrier();
  var total = 0.0;
  for (var each = 0u; each < SQUARE_GROUPS; each++) {
    total += square_groups[each];
  }
  return total;
}
