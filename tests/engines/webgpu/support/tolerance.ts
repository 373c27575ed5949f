/**
 * How far the engine may be from the reference.
 *
 * @module
 */

/**
 * At most twice the largest error measured over all cases on Mesa's software adapter, in units of the largest element of the tensor:
 * logits 1.02e-6, loss 2.5e-7, gradient 3.9e-6, movement 2.15e-5. On SwiftShader under Deno it was 2.3e-7, 3.1e-6 and
 * 2.15e-5 of the last three; under Dawn and Tint on SwiftShader all stay within it, too (tests/page/contract_test.ts).
 */
export const TOLERANCE = {
  logits: { atol: 2.1e-6, rtol: 0 },
  loss: { atol: 4.8e-7, rtol: 0 },
  gradient: { atol: 5.1e-6, rtol: 0 },
  movement: { atol: 4.3e-5, rtol: 0 },
};
