// One update of all parameters, and the two layouts of them that the products read.
//
// g is the gradient of p, see flat_gradient.wgsl.
//
//   OPTIMIZER 0, none:        only writes the layouts
//             1, SGD:         d = η g
//             2, Momentum:    m ← µ m + g;                  d = η m
//             3, RMSprop:     v ← α v + (1 − α) g²;         d = η g / (√v + ε)
//             4, Adam:        m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;  d = η' m / (√v · correction + ε)
//             5, Adadelta:    v ← ρ v + (1 − ρ) g²;  e = √(u + ε)/√(v + ε) g;  d = η e;  u ← ρ u + (1 − ρ) e²
//             6, Nesterov:    m ← µ m + g;                  d = η (g + µ m)
//             7, tfAdagrad:   v ← v + g²;                   d = η g / √(v + ε)
//             8, tfAdadelta:  as Adadelta, but e has the v before
//             9, tfAdamax:    m ← β₁ m + (1 − β₁) g;  u ← max(β₂ u, |g|);  d = η' m / (u + ε)
//            10, tfRmsprop:   v ← α v + (1 − α) g²;  m ← µ m + η g / √(v + ε);  d = m
//            11, centered:    a ← α a + (1 − α) g too, and m ← µ m + η g / √(v − a² − ε)
//            12, momentum:    v ← α v + (1 − α) g²;  m ← µ m + g / (√v + ε);  d = η m        RMSprop's
//   p ← keep · p − d, twice as far for a bias that is the sum of two; an average that no optimizer moves stays as it is
//
// η, η', correction and keep are the step's, see stepFactors() in optimizers.ts; keep is 1 but for AdamW.
//
// slot0, slot1, slot2  [SIZE], flat, in the order of their equations
// weights      every matrix as [rows+1][quads] vec4 over the four columns of a quad, the bias last; a second one is one more row
// weightsBack  every matrix as [quads][rows] vec4
//
// An invocation updates one parameter. Dispatch: SIZE invocations.

override OPTIMIZER: u32;
override DECAY_1: f32 = 0; // µ, α, β₁, ρ
override DECAY_2: f32 = 0; // β₂, µ where α is DECAY_1
override REST_1: f32 = 0; // 1 − DECAY_1, rounded once
override REST_2: f32 = 0;
override EPSILON: f32 = 0;

@group(0) @binding(4) var<storage, read_write> slot0: array<f32>;
@group(0) @binding(5) var<storage, read_write> slot1: array<f32>;
@group(0) @binding(6) var<storage, read_write> slot2: array<f32>;
@group(0) @binding(7) var<storage, read_write> weights: array<f32>;
@group(0) @binding(8) var<storage, read_write> weightsBack: array<f32>;

// The d of parameter `index`; updates its slots.
fn movement(index: u32, g: f32) -> f32 {
  switch OPTIMIZER {
    case 1u: {
      return step.rate * g;
    }
    case 2u: {
      let m = DECAY_1 * slot0[index] + g;
      slot0[index] = m;
      return step.rate * m;
    }
    case 3u: {
      let v = DECAY_1 * slot0[index] + REST_1 * g * g;
      slot0[index] = v;
      return step.rate * (g / (sqrt(v) + EPSILON));
    }
    case 4u: {
      let m = DECAY_1 * slot0[index] + REST_1 * g;
      let v = DECAY_2 * slot1[index] + REST_2 * g * g;
      slot0[index] = m;
      slot1[index] = v;
      return step.rate * (m / (sqrt(v) * step.correction + EPSILON));
    }
    case 5u, 8u: {
      let old = slot0[index];
      let v = DECAY_1 * old + REST_1 * g * g;
      let u = slot1[index];
      let e = sqrt(u + EPSILON) / sqrt(select(old, v, OPTIMIZER == 5u) + EPSILON) * g;
      slot0[index] = v;
      slot1[index] = DECAY_1 * u + REST_1 * e * e;
      return step.rate * e;
    }
    case 6u: {
      let m = DECAY_1 * slot0[index] + g;
      slot0[index] = m;
      return step.rate * (g + DECAY_1 * m);
    }
    case 7u: {
      let v = slot0[index] + g * g;
      slot0[index] = v;
      return step.rate * (g / sqrt(v + EPSILON));
    }
    case 9u: {
      let m = DECAY_1 * slot0[index] + REST_1 * g;
      let u = max(DECAY_2 * slot1[index], abs(g));
      slot0[index] = m;
      slot1[index] = u;
      return step.rate * (m / (u + EPSILON));
    }
    case 10u, 11u: {
      let v = DECAY_1 * slot0[index] + REST_1 * g * g;
      slot0[index] = v;
      var spread = v + EPSILON;
      if (OPTIMIZER == 11u) {
        let a = DECAY_1 * slot2[index] + REST_1 * g;
        slot2[index] = a;
        spread = v - a * a - EPSILON;
      }
      let m = DECAY_2 * slot1[index] + step.rate * (g / sqrt(spread));
      slot1[index] = m;
      return m;
    }
    case 12u: {
      let v = DECAY_1 * slot0[index] + REST_1 * g * g;
      let m = DECAY_2 * slot1[index] + g / (sqrt(v) + EPSILON);
      slot0[index] = v;
      slot1[index] = m;
      return step.rate * m;
    }
    default: {
      return 0.0;
    }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * groups.x * 64u + id.x;
  if (index >= SIZE) { return; }
  let s = segmentOf(index);

  var p = parameters[index];
  if (OPTIMIZER != 0u && s.updateScale > 0.0) {
    p = step.keep * p - s.updateScale * movement(index, gradient(index, p, s));
    parameters[index] = p;
  }

  if (s.quads == 0u) { return; }
  let row = s.row + (index - s.offset) / s.columns;
  let column = (index - s.offset) % s.columns;
  var quad = column / 4u;
  var lane = column % 4u;
  if (s.unitColumns > 0u) {
    quad = column % s.unitColumns;
    lane = (s.lanes >> (4u * (column / s.unitColumns))) & 15u;
  }
  weights[s.weights + (row * s.quads + quad) * 4u + lane] = p;
  if (row < s.rows) { weightsBack[s.weightsBack + (quad * s.rows + row) * 4u + lane] = p; }
}
