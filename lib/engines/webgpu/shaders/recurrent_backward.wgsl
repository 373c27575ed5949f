// What comes from above; it precedes the backward kernels of recurrent layers, which name what it reads.

// dh with the gradient of the output of t.
fn withOutput(back: u32, n4: u32, unit: u32, dh: Lanes) -> Lanes {
  if (!EVERY && back > 0u) { return dh; }
  let source = at(select(n4, (T - 1u - back) * N4 + n4, EVERY) * H4 + unit);
  if (DROPOUT) { return fma(dy[source], mask[source], dh); }
  return dh + dy[source];
}

// Which sequences have the step of t.
fn isKept(back: u32, n4: u32) -> Flags {
  if (!MASKED) { return Flags(true); }
  return kept[at(select(T - 1u - back, back, BACKWARDS) * N4 + n4)] > Lanes(0);
}

