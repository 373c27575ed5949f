// What becomes of a new h; it precedes the forward kernels of recurrent layers, which name what it reads and writes.

fn passOn(t: u32, n4: u32, unit: u32, output: Lanes) {
  let row = t * N4 + n4;
  var dropped = output;
  if (STATE_DROPOUT && step.training == 1u) { dropped *= stateMask[at(n4 * H4 + unit)]; }
  h[H - (t & 1u) * H + unit] = dropped;
  inputs[at((row + N4) * J + C4 + unit)] = dropped;
  if (EVERY || t == T - 1u) {
    let to = select(n4, row, EVERY);
    var y = output;
    if (DROPOUT && step.training == 1u) { y *= mask[at(to * H4 + unit)]; }
    outputs[at(to * OUT_J + unit)] = y;
  }
}

#if MASKED
// Which sequences have the step of t.
fn isKept(t: u32, n4: u32) -> Flags {
  return kept[at(select(t, T - 1u - t, BACKWARDS) * N4 + n4)] > Lanes(0);
}
#end

