// The targets of a batch; it precedes the kernels that measure what came out.
//
// outputs    [T][N4][J] vec4 over four sequences, K features
// targets    classes [sequences][T], or rows f32 [sequences][T][K]
// positions  one for each sequence

override T: u32;
override N4: u32;
override K: u32;
override J: u32;
override CLASSES: bool;
override MEASURES: u32; // the loss and the metrics

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> outputs: array<vec4f>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read> positions: array<Place>;
@group(0) @binding(4) var<storage, read_write> measures: array<vec4f>; // [T][N4][MEASURES], weighted losses first

const CLIP = 1e-7; // ε of losses.ts

// Four sequences at one step: where their targets are, and what the lanes weigh: 0 where they hold no sequence.
struct Wanted {
  at: vec4u,
  weight: vec4f,
  alive: vec4<bool>,
}

fn wantedOf(row: u32) -> Wanted {
  let t = row / N4;
  let n = row % N4 * 4u;
  var wanted = Wanted(vec4u(0), vec4f(0), vec4<bool>(false));
  for (var lane = 0u; lane < 4u && n + lane < step.count; lane++) {
    let place = positions[step.firstPosition + n + lane];
    wanted.at[lane] = place.position * T + t;
    wanted.weight[lane] = place.weight;
    wanted.alive[lane] = true;
  }
  return wanted;
}

// The targets of output k; a class is the row that is 1 there.
fn targetOf(wanted: Wanted, k: u32) -> vec4f {
  var y = vec4f(0);
  for (var lane = 0u; lane < 4u; lane++) {
    if (CLASSES) {
      y[lane] = select(0.0, 1.0, targets[wanted.at[lane]] == k);
    } else {
      y[lane] = bitcast<f32>(targets[wanted.at[lane] * K + k]);
    }
  }
  return y;
}

fn clip(p: vec4f) -> vec4f {
  return select(clamp(p, vec4f(CLIP), vec4f(1.0 - CLIP)), p, isNan(p));
}

fn isClipped(p: vec4f) -> vec4<bool> {
  return (p < vec4f(CLIP)) | (p > vec4f(1.0 - CLIP));
}

fn largest(row: u32) -> vec4f {
  var best = outputs[row * J];
  for (var k = 1u; k < K; k++) { best = max(best, outputs[row * J + k]); }
  return best;
}

fn total(row: u32) -> vec4f {
  var sum = vec4f(0);
  for (var k = 0u; k < K; k++) { sum += outputs[row * J + k]; }
  return sum;
}

fn sumOfExp(row: u32, best: vec4f) -> vec4f {
  var sum = vec4f(0);
  for (var k = 0u; k < K; k++) { sum += expOfNegative(outputs[row * J + k] - best); }
  return sum;
}

// −Σ y ln q, q = clip(p / Σp)
fn categoricalCrossEntropy(row: u32, wanted: Wanted) -> vec4f {
  let sum = total(row);
  var loss = vec4f(0);
  for (var k = 0u; k < K; k++) { loss -= targetOf(wanted, k) * safeLog(clip(outputs[row * J + k] / sum)); }
  return loss;
}

// max(z, 0) − z y + ln(1 + e^−|z|)
fn ofLogit(z: vec4f, y: vec4f) -> vec4f {
  return relu(z) - z * y + safeLog(1.0 + expOfNegative(-abs(z)));
}

fn logitOf(p: vec4f) -> vec4f {
  let q = clip(p);
  return safeLog(q / (1.0 - q));
}

fn binaryCrossEntropy(row: u32, wanted: Wanted) -> vec4f {
  var loss = vec4f(0);
  for (var k = 0u; k < K; k++) { loss += ofLogit(logitOf(outputs[row * J + k]), targetOf(wanted, k)); }
  return loss / f32(K);
}

fn meanSquaredError(row: u32, wanted: Wanted) -> vec4f {
  var loss = vec4f(0);
  for (var k = 0u; k < K; k++) {
    let e = outputs[row * J + k] - targetOf(wanted, k);
    loss += e * e;
  }
  return loss / f32(K);
}

fn meanAbsoluteError(row: u32, wanted: Wanted) -> vec4f {
  var loss = vec4f(0);
  for (var k = 0u; k < K; k++) { loss += abs(outputs[row * J + k] - targetOf(wanted, k)); }
  return loss / f32(K);
}

