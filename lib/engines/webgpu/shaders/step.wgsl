// The uniform of one training step, or of one batch of a prediction; with other structures; it precedes every kernel.
struct Step {
  number: u32,         // of the training step, from 1 on
  count: u32,          // sequences of the batch; lanes past it hold none
  firstPosition: u32,  // where the batch starts in `positions`
  firstResult: u32,    // where its results start
  training: u32,       // 1: with dropout; 0: prediction
  rate: f32,           // the factors of the step, see stepFactors() in optimizers.ts
  correction: f32,
  keep: f32,
}

// What a dispatch computes of the steps of a sequence, or of their rows: from `first` on, before `end`.
struct Piece {
  first: u32,
  end: u32,
}

// A sequence of a batch.
struct Place {
  position: u32,  // among all sequences
  weight: f32,    // of its loss
}
