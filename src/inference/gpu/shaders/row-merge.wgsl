// Of a whole row: its greatest logit's token, the greatest logit and the log of the sum of exponentials. The token becomes
// the column's next one, so that a next step needs nothing from outside.
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3<u32>) {
  let blocks = (shape.rows + 4095u) / 4096u;
  var greatest = bitcast<f32>(stats[group.x * blocks].x);
  var token = stats[group.x * blocks].y;
  for (var each = 1u; each < blocks; each++) {
    let other = stats[group.x * blocks + each];
    if (bitcast<f32>(other.x) > greatest) {
      greatest = bitcast<f32>(other.x);
      token = other.y;
    }
  }
  var sum = 0.0;
  for (var each = 0u; each < blocks; each++) {
    let other = stats[group.x * blocks + each];
    sum += bitcast<f32>(other.z) * exp(bitcast<f32>(other.x) - greatest);
  }
  results[group.x] = vec4<u32>(token, bitcast<u32>(greatest), bitcast<u32>(greatest + log(sum)), 0u);
//#if NEXT
  next_step[4u + 4u * group.x] = token;
  next_step[5u + 4u * group.x] += 1u;
//#end
}
