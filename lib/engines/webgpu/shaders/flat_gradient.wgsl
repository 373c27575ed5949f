// The gradient of one parameter, from its partial sums; it precedes the kernels that read all parameters with their gradients.
//
//   g = Σ_parts partials[part] + λ₁ sign(p) + 2 λ₂ p
//
// partials [PARTS][SIZE], parameters [SIZE], flat

override SIZE: u32;
override PARTS: u32;
override SEGMENTS: u32;
override REGULARIZED: bool;

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> segments: array<Segment>;
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;

fn segmentOf(index: u32) -> Segment {
  var which = 0u;
  while (which + 1u < SEGMENTS && index >= segments[which + 1u].offset) { which++; }
  return segments[which];
}

fn gradient(index: u32, p: f32, s: Segment) -> f32 {
  var g = 0.0;
  for (var part = 0u; part < PARTS; part++) { g += partials[part * SIZE + index]; }
  if (REGULARIZED) { g += s.l1 * sign(p) + 2.0 * s.l2 * p; }
  return g;
}
