/**
 * The published results of the recipes' sources, and those of PyTorch, with which the results page compares Scanline's.
 *
 * @module
 */

import type { Figures } from "../sweep/processes.ts";

/** The log of L1aoXingyu's notebook that `train-lstm` follows: train loss, train accuracy, "valid" loss and accuracy. */
export const NOTEBOOK: readonly Figures[] = [
  [1.858605, 0.318347, 1.147508, 0.578125],
  [0.503072, 0.848514, 0.300552, 0.912579],
  [0.224762, 0.934785, 0.176321, 0.946499],
  [0.157010, 0.953392, 0.155280, 0.954015],
  [0.125926, 0.962137, 0.105295, 0.969640],
  [0.104938, 0.968450, 0.091477, 0.972805],
  [0.089124, 0.973481, 0.104799, 0.969343],
  [0.077920, 0.976679, 0.084242, 0.976661],
  [0.070259, 0.978795, 0.078536, 0.977749],
  [0.063089, 0.981093, 0.066984, 0.980716],
].map(([trainLoss, trainAccuracy, testLoss, testAccuracy]) => ({
  trainLoss,
  trainAccuracy,
  testLoss,
  testAccuracy,
}));

/** The TensorFlow 1 notebook that `train-lstm-dropout` follows, after 10,000 steps; of the test images it says only "98 %". */
export const NOTEBOOK_TF1 = { trainLoss: 0.033395, trainAccuracy: 0.989364, testAccuracy: 0.98 };

/** PyTorch 1.13, the recipe `train-lstm-adam`: accuracy on all 10,000 test images with seeds 1 to 5. */
export const PYTORCH_ADAM_OLD: readonly number[] = [0.9565, 0.9620, 0.9672, 0.9619, 0.9604];

/** The same with PyTorch 2.13 and seeds 1 to 12, as `scripts/bench/torch_recipe.py 1 data/mnist SEED` prints it. */
export const PYTORCH_ADAM: readonly number[] = [
  0.9691,
  0.9600,
  0.9629,
  0.9621,
  0.9632,
  0.9581,
  0.9494,
  0.9580,
  0.9652,
  0.9662,
  0.9642,
  0.9575,
];

/** How far the mean accuracy may be from PyTorch's. */
export const ADAM_PROMISE = 0.004;

/** PyTorch 1.13, the recipe `train-rnn`: test accuracy after ten epochs with seeds 1 to 3. */
export const PYTORCH_RNN: readonly number[] = [0.9617, 0.9631, 0.9634];

/** The same with PyTorch 2.13, epoch by epoch, as `tests/golden/rnn_curves.py` prints it. */
export const PYTORCH_RNN_CURVES: readonly (readonly number[])[] = [
  [0.7870, 0.8764, 0.9091, 0.9106, 0.9278, 0.9181, 0.9484, 0.9356, 0.9331, 0.9574],
  [0.8133, 0.8710, 0.9147, 0.9201, 0.9456, 0.9258, 0.9166, 0.9445, 0.9546, 0.9615],
  [0.8565, 0.8390, 0.9065, 0.9060, 0.9356, 0.9552, 0.9570, 0.9524, 0.9593, 0.9632],
];

/** The same with seeds 4 to 9, which show how far the accuracy falls between two epochs. */
export const PYTORCH_RNN_MORE_CURVES: readonly (readonly number[])[] = [
  [0.7229, 0.8872, 0.9241, 0.9323, 0.9397, 0.9232, 0.9322, 0.9639, 0.9580, 0.9638],
  [0.7826, 0.8293, 0.8199, 0.9248, 0.9317, 0.8943, 0.9454, 0.9531, 0.9398, 0.9637],
  [0.7023, 0.6853, 0.9053, 0.8712, 0.8679, 0.8357, 0.9580, 0.9533, 0.9516, 0.9636],
  [0.8242, 0.8409, 0.9149, 0.9315, 0.9286, 0.9428, 0.9439, 0.9396, 0.9634, 0.9633],
  [0.6794, 0.8093, 0.8432, 0.8972, 0.9292, 0.9293, 0.9425, 0.9406, 0.9510, 0.9481],
  [0.7369, 0.8806, 0.9060, 0.9277, 0.9312, 0.9432, 0.9267, 0.9567, 0.9594, 0.9634],
];

/**
 * `train-rnn` in PyTorch 2.13 with Scanline's initial weights and order of images, seed 1: test accuracy after each epoch,
 * as `tests/golden/same_start.py` prints it.
 */
export const PYTORCH_RNN_SAME_START: readonly number[] = [
  ...[0.7493, 0.8759, 0.9066, 0.8873, 0.9075, 0.9398, 0.9486, 0.9555, 0.9610, 0.7857],
];
