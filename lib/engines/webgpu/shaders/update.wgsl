// One update of all parameters, and the two layouts of them that the products read.
//
//   g = Σ_parts partials[part]
//   OPTIMIZER 0, none:      only writes the layouts
//             1, SGD:       p ← p − η g
//             2, Momentum:  m ← µ m + g;                  p ← p − η m
//             3, RMSprop:   v ← α v + (1 − α) g²;         p ← p − η g / (√v + ε)
//             4, Adam:      m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;  p ← p − η' m / (√v · correction + ε)
//             5, Adadelta:  v ← ρ v + (1 − ρ) g²;  d = √(u + ε)/√(v + ε) g;  p ← p − η d;  u ← ρ u + (1 − ρ) d²
//
// η is twice as large for a bias that is the sum of two; η' = η/(1 − β₁ᵏ) and correction = 1/√(1 − β₂ᵏ) at step k.
//
// parameters, slot0 (m, v), slot1 (v, u)  [SIZE], flat; partials [PARTS][SIZE]
// weights      every matrix as [rows+1][quads] vec4 over the four columns of a quad, the bias last
// weightsBack  every matrix as [quads][rows] vec4
//
// An invocation updates one parameter. Dispatch: SIZE invocations.

struct Matrix {
  offset: u32,      // of its first parameter
  rows: u32,        // without the bias
  columns: u32,
  unitColumns: u32, // H where a quad is the four gates of a unit, 0 where it is four columns side by side
  quads: u32,
  weights: u32,     // where it starts in `weights` and `weightsBack`, in float32
  weightsBack: u32,
  biasScale: f32,
}

override SIZE: u32;
override PARTS: u32;
override MATRICES: u32;
override OPTIMIZER: u32;
override DECAY_1: f32 = 0; // µ, α, β₁, ρ
override DECAY_2: f32 = 0; // β₂
override REST_1: f32 = 0; // 1 − DECAY_1, rounded once
override REST_2: f32 = 0;
override EPSILON: f32 = 0;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> matrices: array<Matrix>;
@group(0) @binding(2) var<storage, read> partials: array<f32>;
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(4) var<storage, read_write> slot0: array<f32>;
@group(0) @binding(5) var<storage, read_write> slot1: array<f32>;
@group(0) @binding(6) var<storage, read_write> weights: array<f32>;
@group(0) @binding(7) var<storage, read_write> weightsBack: array<f32>;

// The factor of −η in the update of parameter `index`; updates its slots.
fn movement(index: u32, g: f32) -> f32 {
  switch OPTIMIZER {
    case 1u: {
      return g;
    }
    case 2u: {
      let m = DECAY_1 * slot0[index] + g;
      slot0[index] = m;
      return m;
    }
    case 3u: {
      let v = DECAY_1 * slot0[index] + REST_1 * g * g;
      slot0[index] = v;
      return g / (sqrt(v) + EPSILON);
    }
    case 4u: {
      let m = DECAY_1 * slot0[index] + REST_1 * g;
      let v = DECAY_2 * slot1[index] + REST_2 * g * g;
      slot0[index] = m;
      slot1[index] = v;
      return m / (sqrt(v) * step.correction + EPSILON);
    }
    case 5u: {
      let v = DECAY_1 * slot0[index] + REST_1 * g * g;
      let u = slot1[index];
      let d = sqrt(u + EPSILON) / sqrt(v + EPSILON) * g;
      slot0[index] = v;
      slot1[index] = DECAY_1 * u + REST_1 * d * d;
      return d;
    }
    default: {
      return 0.0;
    }
  }
}

fn gradient(index: u32) -> f32 {
  var g = 0.0;
  for (var part = 0u; part < PARTS; part++) { g += partials[part * SIZE + index]; }
  return g;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.y * groups.x * 64u + id.x;
  if (index >= SIZE) { return; }
  var which = 0u;
  while (which + 1u < MATRICES && index >= matrices[which + 1u].offset) { which++; }
  let m = matrices[which];
  let row = (index - m.offset) / m.columns;
  let column = (index - m.offset) % m.columns;

  var p = parameters[index];
  if (OPTIMIZER != 0u) {
    p -= step.rate * select(1.0, m.biasScale, row == m.rows) * movement(index, gradient(index));
    parameters[index] = p;
  }

  var quad = column / 4u;
  var lane = column % 4u;
  if (m.unitColumns > 0u) {
    quad = column % m.unitColumns;
    lane = column / m.unitColumns;
  }
  weights[m.weights + (row * m.quads + quad) * 4u + lane] = p;
  if (row < m.rows) { weightsBack[m.weightsBack + (quad * m.rows + row) * 4u + lane] = p; }
}
