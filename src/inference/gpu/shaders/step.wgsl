// `step`: [columns, first column, -, -], then for each column [token, position, sequence, -], then page tables.
fn step_columns() -> u32 {
  return step[0];
}
fn step_token(column: u32) -> u32 {
  return step[4u + 4u * column];
}
fn step_position(column: u32) -> u32 {
  return step[5u + 4u * column];
}
fn step_page(column: u32, position: u32) -> u32 {
  return step[model.pages_at + step[6u + 4u * column] * model.pages_each + position / PAGE];
}
