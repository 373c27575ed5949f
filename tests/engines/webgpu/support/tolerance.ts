/**
 * How far the engine may be from the reference.
 *
 * @module
 */

/**
 * Twice the largest error measured over all cases on Mesa's software adapter, in units of the largest element of the tensor: logits
 * 1.0e-6, loss 2.3e-7, gradient 2.5e-6, movement 4.5e-5 (RMSprop's first steps divide a small gradient by itself). Under
 * Dawn and Tint on SwiftShader, these stay within it, too: 9.3e-7, 2.3e-7, 4.3e-6, 2.1e-5 (tests/page/contract_test.ts).
 */
export const TOLERANCE = {
  logits: { atol: 2.1e-6, rtol: 0 },
  loss: { atol: 4.8e-7, rtol: 0 },
  gradient: { atol: 5.1e-6, rtol: 0 },
  movement: { atol: 9.0e-5, rtol: 0 },
};
