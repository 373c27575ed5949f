// The loss of every step, and its gradient; the equations are in losses.ts.
//
//   measures[0] = weight loss        [T,N]
//   dy          = weight dloss / (count T)     [T,N,K], 0 in lanes that hold no sequence
//
// The targets of a softmax cross-entropy are smoothed: y ← (1 − s) y + s/K, s = SMOOTHING.
//
// gradient [T][N4][K4] vec4 over four sequences: dy
//
// An invocation computes one step of four sequences. Dispatch: T·N4 invocations.

override K4: u32;
override LOSS: u32;
override SMOOTHING: f32;

@group(0) @binding(5) var<storage, read_write> gradient: array<vec4f>;

fn smoothed(wanted: Wanted, k: u32) -> vec4f {
  return (1.0 - SMOOTHING) * targetOf(wanted, k) + SMOOTHING / f32(K);
}

fn lossOf(row: u32, wanted: Wanted) -> vec4f {
  var loss = vec4f(0);
  switch LOSS {
    case 0u: { // softmaxCrossEntropy
      let best = largest(row);
      let logOfSum = safeLog(sumOfExp(row, best));
      for (var k = 0u; k < K; k++) {
        let y = smoothed(wanted, k);
        loss += select(y * (logOfSum - (outputs[row * J + k] - best)), vec4f(0), y == vec4f(0));
      }
      return loss;
    }
    case 1u: { return categoricalCrossEntropy(row, wanted); }
    case 2u: { // sigmoidCrossEntropy
      for (var k = 0u; k < K; k++) { loss += ofLogit(outputs[row * J + k], targetOf(wanted, k)); }
      return loss / f32(K);
    }
    case 3u: { return binaryCrossEntropy(row, wanted); }
    case 4u: { return meanSquaredError(row, wanted); }
    case 5u: { return meanAbsoluteError(row, wanted); }
    default: { // huber
      for (var k = 0u; k < K; k++) {
        let e = abs(outputs[row * J + k] - targetOf(wanted, k));
        loss += select(0.5 * e * e, e - 0.5, e > vec4f(1));
      }
      return loss / f32(K);
    }
  }
}

fn writeGradient(row: u32, wanted: Wanted) {
  let share = wanted.weight / f32(step.count * T);
  var best = vec4f(0);
  var sum = vec4f(1);
  var mean = vec4f(0);
  if (LOSS == 0u) {
    best = largest(row);
    sum = sumOfExp(row, best);
  }
  if (LOSS == 1u) {
    sum = total(row);
    for (var k = 0u; k < K; k++) {
      let p = outputs[row * J + k] / sum;
      mean -= select(targetOf(wanted, k), vec4f(0), isClipped(p));
    }
  }
  for (var k = 0u; k < K; k++) {
    let out = outputs[row * J + k];
    let y = targetOf(wanted, k);
    var d = vec4f(0);
    switch LOSS {
      case 0u: { d = expOfNegative(out - best) / sum - smoothed(wanted, k); }
      case 1u: {
        let p = out / sum;
        d = (select(-y / p, vec4f(0), isClipped(p)) - mean) / sum;
      }
      case 2u: { d = (sigmoid(out) - y) / f32(K); }
      case 3u: {
        let q = clip(out);
        d = select((q - y) / (q * (1.0 - q)) / f32(K), vec4f(0), isClipped(out));
      }
      case 4u: { d = 2.0 * (out - y) / f32(K); }
      case 5u: { d = sign(out - y) / f32(K); }
      default: { d = clamp(out - y, vec4f(-1), vec4f(1)) / f32(K); }
    }
    gradient[row * K4 + k] = select(vec4f(0), share * d, wanted.alive);
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.y * groups.x * 64u + id.x;
  if (row >= T * N4) { return; }
  let wanted = wantedOf(row);
  measures[row * MEASURES] = wanted.weight * lossOf(row, wanted);
  writeGradient(row, wanted);
}
