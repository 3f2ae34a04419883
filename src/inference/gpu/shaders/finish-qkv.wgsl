// Rows of q, k and v: rotates q and k, and puts k and v into their page of the cache. The two that RoPE rotates
// together are neighbours (their rows are put in order when the weights are loaded).
fn bias(row: u32) -> f32 {
  return select(0.0, bitcast<f32>(extra[shape.bias_at + row]), shape.bias_at > 0u);
}

fn rotate(pair: vec2<f32>, dimension: u32, position: u32) -> vec2<f32> {
  if (dimension >= shape.rope_dim) {
    return pair;
  }
  let turn = rope[position * (shape.rope_dim / 2u) + dimension / 2u];
  return vec2<f32>(pair.x * turn.x - pair.y * turn.y, pair.x * turn.y + pair.y * turn.x);
}

fn put_pair(row: u32, pair: vec2<f32>, column: u32) {
  let position = step_position(column);
  let queries = model.heads * model.head_dim;
  let keys = model.kv_heads * model.head_dim;
  if (row < queries) {
    let turned = rotate(pair, row % model.head_dim, position);
    out[column * shape.out_stride + row] = turned.x;
    out[column * shape.out_stride + row + 1u] = turned.y;
    return;
  }
  let isKey = row < queries + keys;
  let own = select(row - queries - keys, row - queries, isKey);
  let dimension = own % model.head_dim;
  let block = step_page(column, position) * model.kv_heads + own / model.head_dim;
  let slot = position % PAGE;
  if (isKey) {
    let turned = rotate(pair, dimension, position);
//#if KV32
    let at = ((block * (model.head_pad / 4u) + dimension / 4u) * PAGE + slot) * 4u + dimension % 4u;
    cache[at] = bitcast<u32>(turned.x);
    cache[at + 1u] = bitcast<u32>(turned.y);
//#else
    let at = ((block * (model.head_pad / 8u) + dimension / 8u) * PAGE + slot) * 4u + (dimension % 8u) / 2u;
    cache[at] = pack2x16float(turned);
//#end
  } else {
//#if KV32
    let at = model.values_at + (block * PAGE + slot) * model.head_pad + dimension;
    cache[at] = bitcast<u32>(pair.x);
    cache[at + 1u] = bitcast<u32>(pair.y);
//#else
    cache[model.values_at + (block * PAGE + slot) * (model.head_pad / 2u) + dimension / 2u] = pack2x16float(pair);
//#end
  }
}

fn finish(row: u32, sums: vec4<f32>, column: u32) {
  if (column >= step_columns() || row >= shape.rows) {
    return;
  }
  for (var each = 0u; each < 4u; each += 2u) {
    let pair = vec2<f32>(sums[each] + bias(row + each), sums[each + 1u] + bias(row + each + 1u));
    put_pair(shape.row_base + row + each, pair, column);
  }
}
