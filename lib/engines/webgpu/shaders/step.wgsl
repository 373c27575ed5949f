// The uniform of one training step, or of one batch of a prediction; it precedes every kernel.
struct Step {
  number: u32,         // of the training step, from 1 on
  count: u32,          // images of the batch; lanes past it hold no image
  firstPosition: u32,  // where the batch starts in `positions`
  firstResult: u32,    // where its results start
  training: u32,       // 1: with dropout; 0: prediction
  rate: f32,           // learning rate; for Adam, divided by 1 − β₁ᵏ at step k
  correction: f32,     // for Adam, 1/√(1 − β₂ᵏ)
}

