// Joins what the splits of a head's attention have summed, each relative to its own greatest score.
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let column = group.y;
  let chunks = (step_position(column) + 128u) / 128u;
  let each_split = (chunks + model.most_splits - 1u) / model.most_splits;
  let splits = (chunks + each_split - 1u) / each_split;
  let width = model.head_pad + 2u;
  let start_at = (column * model.heads + group.x) * model.most_splits * width;
  var greatest = -3.0e38;
  for (var split = 0u; split < splits; split++) {
    greatest = max(greatest, parts[start_at + split * width + model.head_pad]);
  }
  var total = 0.0;
  for (var split = 0u; split < splits; split++) {
    let at = start_at + split * width + model.head_pad;
    total += exp(parts[at] - greatest) * parts[at + 1u];
  }
  for (var dimension = local; dimension < model.head_dim; dimension += 64u) {
    var sum = 0.0;
    for (var split = 0u; split < splits; split++) {
      let at = start_at + split * width;
      sum += exp(parts[at + model.head_pad] - greatest) * parts[at + dimension];
    }
    out[column * shape.out_stride + group.x * model.head_dim + dimension] = sum / total;
  }
}
