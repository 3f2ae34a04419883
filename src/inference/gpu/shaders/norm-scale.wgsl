// What the norm multiplies a column by: 1 / sqrt(mean of squares + epsilon). The weights of the norm are in what is
// multiplied already, so the matrix' sums only need this.
fn norm_scale(sum: f32) -> f32 {
  return inverseSqrt(sum / f32(model.dim) + model.epsilon);
}
