// Batch normalization, backward: one workgroup computes one feature, over all sequences and steps.
//
//   x̂  = (x − m) / √(v + ε)
//   dγ = Σ dy∘x̂        dβ = Σ dy                              [C] each
//   dx = γ / √(v + ε) (dy − dβ / n − x̂ dγ / n)               [T,N,C], n = count T; 0 in lanes past `count`
//
// dy, dx    [T][N4][C4]
// partials  [PARTS][SIZE], flat; dγ and dβ are in the first part
//
// An invocation reads rows lane, lane + 64, …; one dispatch of C workgroups.

override C4: u32;
override BELOW: bool; // whether the gradient of x is needed

@group(0) @binding(3) var<storage, read> parameters: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> partials: array<f32>;
@group(0) @binding(6) var<storage, read_write> dx: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let c = group.x;
  let m = statistics[c];
  let r = 1.0 / sqrt(statistics[C + c] + EPSILON);
  var sum = vec4f(0);
  var products = vec4f(0);
  for (var row = local.x; row < T * N4; row += 64u) {
    let d = select(vec4f(0), dy[row * C4 + c], alive(row));
    sum += d;
    products += d * ((inputs[row * J + c] - m) * r);
  }
  let dBeta = total(local.x, sum);
  let dGamma = total(local.x, products);
  if (local.x == 0u) {
    if (SCALE) { partials[GAMMA + c] = dGamma; }
    if (CENTER) { partials[BETA + c] = dBeta; }
  }
  if (!BELOW) { return; }
  let n = f32(step.count * T);
  var factor = r;
  if (SCALE) { factor *= parameters[GAMMA + c]; }
  for (var row = local.x; row < T * N4; row += 64u) {
    let x = (inputs[row * J + c] - m) * r;
    let d = factor * (dy[row * C4 + c] - dBeta / n - x * (dGamma / n));
    dx[row * C4 + c] = select(vec4f(0), d, alive(row));
  }
}
