// Functions that work for every input; they precede every kernel.
//
//   For a large |z|, σ(z) and tanh(z) are their limits: WGSL does not define exp() beyond 88.7, and the tanh() of some
//   drivers overflows to NaN.
//   NaN stays NaN, so that the loss shows it: some drivers lose it in clamp(), max() and tanh(), or return 89 for log(NaN).

fn isNan(z: vec4f) -> vec4<bool> {
  return (bitcast<vec4u>(z) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u); // compilers may assume that z != z is false
}

fn sigmoid(z: vec4f) -> vec4f {
  let y = 1.0 / (1.0 + exp(-clamp(z, vec4f(-88), vec4f(88))));
  return select(select(y, vec4f(0), z < vec4f(-88)), z, isNan(z));
}

fn hardSigmoid(z: vec4f) -> vec4f {
  return select(clamp(0.2 * z + 0.5, vec4f(0), vec4f(1)), z, isNan(z));
}

fn safeTanh(z: vec4f) -> vec4f {
  return select(tanh(clamp(z, vec4f(-15), vec4f(15))), z, isNan(z));
}

fn relu(z: vec4f) -> vec4f {
  return select(max(z, vec4f(0)), z, isNan(z));
}

fn safeLog(z: vec4f) -> vec4f {
  return select(log(z), z, isNan(z));
}

// exp(z) of z ≤ 0.
fn expOfNegative(z: vec4f) -> vec4f {
  return select(select(exp(max(z, vec4f(-88))), vec4f(0), z < vec4f(-88)), z, isNan(z));
}

// The activations of network.ts, by number.
const LINEAR = 0u;
const RELU = 1u;
const TANH = 2u;
const SIGMOID = 3u;
const HARD_SIGMOID = 4u;

fn activate(activation: u32, z: vec4f) -> vec4f {
  switch activation {
    case RELU: { return relu(z); }
    case TANH: { return safeTanh(z); }
    case SIGMOID: { return sigmoid(z); }
    case HARD_SIGMOID: { return hardSigmoid(z); }
    default: { return z; }
  }
}

// The derivative of an activation, from its result y.
fn slope(activation: u32, y: vec4f) -> vec4f {
  switch activation {
    case RELU: { return select(vec4f(0), vec4f(1), y > vec4f(0)); }
    case TANH: { return 1.0 - y * y; }
    case SIGMOID: { return y - y * y; }
    case HARD_SIGMOID: { return select(vec4f(0), vec4f(0.2), (y > vec4f(0)) & (y < vec4f(1))); }
    default: { return vec4f(1); }
  }
}
