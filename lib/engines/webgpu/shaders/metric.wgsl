// One metric of every step; the equations are in losses.ts.
//
//   measures[PLACE] = metric          [T,N]
//
// An invocation computes one step of four sequences. Dispatch: T·N4 invocations.

override METRIC: u32;
override PLACE: u32;

fn categoricalAccuracy(row: u32, wanted: Wanted) -> vec4f {
  var best = outputs[row * J];
  var bestTarget = targetOf(wanted, 0u);
  var found = vec4u(0);
  var expected = vec4u(0);
  for (var k = 1u; k < K; k++) {
    let out = outputs[row * J + k];
    let y = targetOf(wanted, k);
    found = select(found, vec4u(k), out > best);
    expected = select(expected, vec4u(k), y > bestTarget);
    best = max(best, out);
    bestTarget = max(bestTarget, y);
  }
  return select(vec4f(0), vec4f(1), found == expected);
}

fn binaryAccuracy(row: u32, wanted: Wanted) -> vec4f {
  var hits = vec4f(0);
  for (var k = 0u; k < K; k++) {
    let answer = select(vec4f(0), vec4f(1), outputs[row * J + k] > vec4f(0.5));
    hits += select(vec4f(0), vec4f(1), answer == targetOf(wanted, k));
  }
  return hits / f32(K);
}

fn metricOf(row: u32, wanted: Wanted) -> vec4f {
  switch METRIC {
    case 0u: { return categoricalAccuracy(row, wanted); }
    case 1u: { return binaryAccuracy(row, wanted); }
    case 2u: { return categoricalCrossEntropy(row, wanted); }
    case 3u: { return binaryCrossEntropy(row, wanted); }
    case 4u: { return meanSquaredError(row, wanted); }
    default: { return meanAbsoluteError(row, wanted); }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.y * groups.x * 64u + id.x;
  if (row >= T * N4) { return; }
  measures[row * MEASURES + PLACE] = metricOf(row, wantedOf(row));
}
