// A dense layer that classifies one step, its loss and their gradient: what loss.wgsl and the products compute, in one dispatch.
//
//   logits  = y W + b                                           [N,K]
//   y       = (1 − s) onehot(label) + s/K                       [N,K], s = SMOOTHING
//   loss    = weight (ln Σ_k e^(z_k − max) − Σ_k y_k (z_k − max))   [N]
//   correct = argmax_k z_k = label                              [N], where the first of equal logits counts
//   dz      = (softmax(z) − y) weight / count                  [N,K], 0 in lanes past `count`
//   dy      = dz Wᵀ                                             [N,H]
//
// inputs    [N4][J][4] sequences
// weights   [H+1][QUADS][4] classes, the bias in row H; weightsBack [QUADS][H] vec4 over four classes, the same without the bias
// targets   classes, one for each sequence
// results   [n][MEASURES] loss, correct if it is measured; in a prediction the logits [n][K]
// dz        [N4][QUADS][4][4] sequences       dy [N4][H4][4] sequences
//
// One workgroup computes four sequences: an invocation a class or a unit of one of them, then one the loss of each. One dispatch of
// N4 workgroups.

override N4: u32;
override H: u32;
override H4: u32;
override J: u32;
override K: u32;
override FOUR_K: u32;
override QUADS: u32;
override MEASURES: u32;
override SMOOTHING: f32;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> inputs: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> weightsBack: array<vec4f>;
@group(0) @binding(4) var<storage, read> targets: array<u32>;
@group(0) @binding(5) var<storage, read> positions: array<Place>;
@group(0) @binding(6) var<storage, read_write> results: array<f32>;
@group(0) @binding(7) var<storage, read_write> dz: array<f32>;
@group(0) @binding(8) var<storage, read_write> dy: array<f32>;

var<workgroup> logits: array<f32, FOUR_K>; // [K][4], later dz

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

fn expOf(z: f32) -> f32 {
  return expOfNegative(vec4f(z)).x;
}

// Writes the loss of a sequence and whether it is classified right, and puts dz in the place of its logits.
fn crossEntropy(n4: u32, lane: u32) {
  let n = 4u * n4 + lane;
  let wanted = label(n);
  let weight = weightOf(n);
  var best = logits[lane];
  var bestClass = 0i;
  var ofLabel = best;
  for (var k = 1u; k < K; k++) {
    let z = logits[4u * k + lane];
    bestClass = select(bestClass, i32(k), z > best);
    best = max(best, z);
    ofLabel = select(ofLabel, z, wanted == i32(k));
  }
  var sum = 0.0;
  for (var k = 0u; k < K; k++) { sum += expOf(logits[4u * k + lane] - best); }
  var wantedLogit = ofLabel - best; // Σ_k y_k (z_k − max)
  if (SMOOTHING > 0.0) {
    var all = 0.0;
    for (var k = 0u; k < K; k++) { all += logits[4u * k + lane] - best; }
    wantedLogit = (1.0 - SMOOTHING) * wantedLogit + SMOOTHING / f32(K) * all;
  }
  let share = weight * (1.0 / f32(step.count));
  for (var k = 0u; k < K; k++) {
    let hit = select(0.0, 1.0, wanted == i32(k));
    let y = (1.0 - SMOOTHING) * hit + SMOOTHING / f32(K);
    let d = (expOf(logits[4u * k + lane] - best) / sum - y) * share;
    logits[4u * k + lane] = d;
    dz[(n4 * QUADS * 4u + k) * 4u + lane] = d;
  }
  if (n >= step.count) { return; }
  let to = step.firstResult + MEASURES * n;
  results[to] = weight * (safeLog(vec4f(sum)).x - wantedLogit);
  if (MEASURES > 1u) { results[to + 1u] = select(0.0, 1.0, bestClass == wanted); }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let n4 = group.x;
  for (var job = local.x; job < 4u * K; job += 64u) {
    let k = job / 4u;
    let lane = job % 4u;
    var z = weights[H * QUADS * 4u + k];
    for (var unit = 0u; unit < H; unit++) {
      z = fma(weights[unit * QUADS * 4u + k], inputs[(n4 * J + unit) * 4u + lane], z);
    }
    logits[job] = z;
    if (step.training == 0u && 4u * n4 + lane < step.count) {
      results[step.firstResult + (4u * n4 + lane) * K + k] = z;
    }
  }
  workgroupBarrier();
  if (step.training == 0u) { return; }
  if (local.x < 4u) { crossEntropy(n4, local.x); }
  workgroupBarrier();
  for (var job = local.x; job < 4u * H; job += 64u) {
    let unit = job / 4u;
    let lane = job % 4u;
    var d = 0.0;
    for (var k = 0u; k < K; k++) { d = fma(weightsBack[k / 4u * H + unit][k % 4u], logits[4u * k + lane], d); }
    dy[n4 * H4 * 4u + job] = d;
  }
}
