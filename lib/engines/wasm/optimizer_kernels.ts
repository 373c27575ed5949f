/**
 * The kernels of the optimizers: their types.
 *
 * @module
 */

/** An address in shared memory, in bytes; 0 where a kernel can do without the array. */
export type Address = number;

/** p, g, a, m, u and v are `[count]`: parameters, gradients and slots. The equations are with the kernels. */
export interface OptimizerKernels {
  /** Weight decay, before an update. */
  decay(count: number, p: Address, share: number): void;
  sgd(count: number, p: Address, g: Address, rate: number): void;
  momentum(count: number, p: Address, g: Address, m: Address, rate: number, decay: number): void;
  rmsprop(
    count: number,
    p: Address,
    g: Address,
    v: Address,
    rate: number,
    alpha: number,
    rest: number,
    epsilon: number,
  ): void;
  rmspropMomentum(
    count: number,
    p: Address,
    g: Address,
    v: Address,
    m: Address,
    rate: number,
    alpha: number,
    rest: number,
    decay: number,
    epsilon: number,
  ): void;
  adam(
    count: number,
    p: Address,
    g: Address,
    m: Address,
    v: Address,
    rate: number,
    beta1: number,
    rest1: number,
    beta2: number,
    rest2: number,
    correction: number,
    epsilon: number,
  ): void;
  adadelta(
    count: number,
    p: Address,
    g: Address,
    v: Address,
    u: Address,
    rate: number,
    rho: number,
    rest: number,
    epsilon: number,
  ): void;
  nesterov(count: number, p: Address, g: Address, m: Address, rate: number, decay: number): void;
  tfAdagrad(count: number, p: Address, g: Address, v: Address, rate: number, epsilon: number): void;
  tfAdadelta(
    count: number,
    p: Address,
    g: Address,
    v: Address,
    u: Address,
    rate: number,
    rho: number,
    rest: number,
    epsilon: number,
  ): void;
  tfAdamax(
    count: number,
    p: Address,
    g: Address,
    m: Address,
    u: Address,
    rate: number,
    beta1: number,
    rest1: number,
    beta2: number,
    epsilon: number,
  ): void;
  tfRmsprop(
    count: number,
    p: Address,
    g: Address,
    v: Address,
    m: Address,
    rate: number,
    scale: number,
    alpha: number,
    rest: number,
    decay: number,
    epsilon: number,
  ): void;
  tfCenteredRmsprop(
    count: number,
    p: Address,
    g: Address,
    v: Address,
    m: Address,
    a: Address,
    rate: number,
    scale: number,
    alpha: number,
    rest: number,
    decay: number,
    epsilon: number,
  ): void;
}
