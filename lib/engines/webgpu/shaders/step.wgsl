// What changes from step to step; in front of every kernel.
struct Step {
  number: u32,         // of the training step, from 1 on
  count: u32,          // images of the batch; lanes past it hold none
  firstPosition: u32,  // where the batch starts in `positions`
  firstResult: u32,    // where its results start
  training: u32,       // 1: with dropout; 0: prediction
  rate: f32,           // learning rate, for Adam over 1 − β₁ᵗ
  correction: f32,     // for Adam 1/√(1 − β₂ᵗ)
}

