// A dense layer that classifies one step, its loss and their gradient: what loss.wgsl and the products compute, in one dispatch.
//
//   logits  = y W + b                                           [N,K]
//   y       = (1 − s) onehot(label) + s/K                       [N,K], s = SMOOTHING
//   loss    = weight (ln Σ_k e^(z_k − max) − Σ_k y_k (z_k − max))   [N]
//   correct = argmax_k z_k = label                              [N], where the first of equal logits counts
//   dz      = (softmax(z) − y) weight / count                  [N,K], 0 in lanes past `count`
//   dy      = dz Wᵀ                                             [N,H]
//
// inputs    [N4][J] vec4 over four sequences
// weights   [H+1][QUADS] vec4 over four classes, the bias in row H; weightsBack [QUADS][H], the same without the bias
// targets   classes, one for each sequence
// results   [n][MEASURES] loss, correct if it is measured; in a prediction the logits [n][K]
// dz        [N4][QUADS][4]       dy [N4][H4]
//
// One workgroup computes four sequences; one dispatch of N4 workgroups.

override N4: u32;
override H: u32;
override H4: u32;
override J: u32;
override K: u32;
override K4: u32;
override QUADS: u32;
override MEASURES: u32;
override SMOOTHING: f32;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> inputs: array<vec4f>;
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;
@group(0) @binding(3) var<storage, read> weightsBack: array<vec4f>;
@group(0) @binding(4) var<storage, read> targets: array<u32>;
@group(0) @binding(5) var<storage, read> positions: array<Place>;
@group(0) @binding(6) var<storage, read_write> results: array<f32>;
@group(0) @binding(7) var<storage, read_write> dz: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> dy: array<vec4f>;

var<workgroup> logits: array<vec4f, K4>; // later dz

// The class of a sequence, or −1 in a lane that holds none.
fn label(n: u32) -> i32 {
  if (n >= step.count) { return -1; }
  return i32(targets[positions[step.firstPosition + n].position]);
}

// The weight of a sequence, or 0 in a lane that holds none.
fn weightOf(n: u32) -> f32 {
  if (n >= step.count) { return 0.0; }
  return positions[step.firstPosition + n].weight;
}

fn writeLogits(n4: u32) {
  for (var lane = 0u; lane < 4u && 4u * n4 + lane < step.count; lane++) {
    for (var k = 0u; k < K; k++) {
      results[step.firstResult + (4u * n4 + lane) * K + k] = logits[k][lane];
    }
  }
}

fn crossEntropy(n4: u32) {
  let n = 4u * n4;
  let wanted = vec4i(label(n), label(n + 1u), label(n + 2u), label(n + 3u));
  let weight = vec4f(weightOf(n), weightOf(n + 1u), weightOf(n + 2u), weightOf(n + 3u));
  var best = logits[0];
  var bestClass = vec4i(0);
  var ofLabel = logits[0];
  for (var k = 1u; k < K; k++) {
    let z = logits[k];
    bestClass = select(bestClass, vec4i(i32(k)), z > best);
    best = max(best, z);
    ofLabel = select(ofLabel, z, wanted == vec4i(i32(k)));
  }
  var sum = vec4f(0);
  for (var k = 0u; k < K; k++) { sum += expOfNegative(logits[k] - best); }
  var wantedLogit = ofLabel - best; // Σ_k y_k (z_k − max)
  if (SMOOTHING > 0.0) {
    var all = vec4f(0);
    for (var k = 0u; k < K; k++) { all += logits[k] - best; }
    wantedLogit = (1.0 - SMOOTHING) * wantedLogit + SMOOTHING / f32(K) * all;
  }
  let loss = weight * (safeLog(sum) - wantedLogit);
  let share = weight * (1.0 / f32(step.count));
  for (var k = 0u; k < K; k++) {
    let hit = select(vec4f(0), vec4f(1), wanted == vec4i(i32(k)));
    let y = (1.0 - SMOOTHING) * hit + SMOOTHING / f32(K);
    let d = (expOfNegative(logits[k] - best) / sum - y) * share;
    logits[k] = d;
    dz[n4 * QUADS * 4u + k] = d;
  }
  for (var lane = 0u; lane < 4u && n + lane < step.count; lane++) {
    let to = step.firstResult + MEASURES * (n + lane);
    results[to] = loss[lane];
    if (MEASURES > 1u) { results[to + 1u] = select(0.0, 1.0, bestClass[lane] == wanted[lane]); }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let n4 = group.x;
  for (var quad = local.x; quad < QUADS; quad += 64u) {
    let b = weights[H * QUADS + quad];
    var z0 = vec4f(b.x);
    var z1 = vec4f(b.y);
    var z2 = vec4f(b.z);
    var z3 = vec4f(b.w);
    for (var k = 0u; k < H; k++) {
      let w = weights[k * QUADS + quad];
      let y = inputs[n4 * J + k];
      z0 += w.x * y;
      z1 += w.y * y;
      z2 += w.z * y;
      z3 += w.w * y;
    }
    logits[4u * quad] = z0;
    logits[4u * quad + 1u] = z1;
    logits[4u * quad + 2u] = z2;
    logits[4u * quad + 3u] = z3;
  }
  workgroupBarrier();
  if (local.x == 0u) {
    if (step.training == 1u) { crossEntropy(n4); } else { writeLogits(n4); }
  }
  workgroupBarrier();
  for (var unit = local.x; unit < H && step.training == 1u; unit += 64u) {
    var d = vec4f(0);
    for (var k = 0u; k < K; k++) { d += weightsBack[k / 4u * H + unit][k % 4u] * logits[k]; }
    dy[n4 * H4 + unit] = d;
  }
}
