// Functions that work for every input; they precede every kernel, with `Lanes`, which is vec4f where a kernel says nothing else.
//
//   For a large |z|, σ(z) and tanh(z) are their limits: WGSL does not define exp() beyond 88.7, and the tanh() of some
//   drivers overflows to NaN.
//   NaN stays NaN, so that the loss shows it: some drivers lose it in clamp(), max() and tanh(), or return 89 for log(NaN).

fn isNan(z: Lanes) -> Flags {
  return (bitcast<Bits>(z) & Bits(0x7fffffffu)) > Bits(0x7f800000u); // compilers may assume that z != z is false
}

fn sigmoid(z: Lanes) -> Lanes {
  let y = 1.0 / (1.0 + exp(-clamp(z, Lanes(-88), Lanes(88))));
  return select(select(y, Lanes(0), z < Lanes(-88)), z, isNan(z));
}

fn hardSigmoid(z: Lanes) -> Lanes {
  return select(clamp(fma(Lanes(0.2), z, Lanes(0.5)), Lanes(0), Lanes(1)), z, isNan(z));
}

fn safeTanh(z: Lanes) -> Lanes {
  return select(tanh(clamp(z, Lanes(-15), Lanes(15))), z, isNan(z));
}

fn relu(z: Lanes) -> Lanes {
  return select(max(z, Lanes(0)), z, isNan(z));
}

fn safeLog(z: Lanes) -> Lanes {
  return select(log(z), z, isNan(z));
}

// exp(z) of z ≤ 0.
fn expOfNegative(z: Lanes) -> Lanes {
  return select(select(exp(max(z, Lanes(-88))), Lanes(0), z < Lanes(-88)), z, isNan(z));
}

// The activations of network.ts, by number.
const LINEAR = 0u;
const RELU = 1u;
const TANH = 2u;
const SIGMOID = 3u;
const HARD_SIGMOID = 4u;

fn activate(activation: u32, z: Lanes) -> Lanes {
  switch activation {
    case RELU: { return relu(z); }
    case TANH: { return safeTanh(z); }
    case SIGMOID: { return sigmoid(z); }
    case HARD_SIGMOID: { return hardSigmoid(z); }
    default: { return z; }
  }
}

// The derivative of an activation, from its result y.
fn slope(activation: u32, y: Lanes) -> Lanes {
  switch activation {
    case RELU: { return select(Lanes(0), Lanes(1), y > Lanes(0)); }
    case TANH: { return fma(-y, y, Lanes(1)); }
    case SIGMOID: { return fma(-y, y, y); }
    case HARD_SIGMOID: { return select(Lanes(0), Lanes(0.2), (y > Lanes(0)) & (y < Lanes(1))); }
    default: { return Lanes(1); }
  }
}
