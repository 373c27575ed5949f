/**
 * The three matrix products of a layer (forward, for the gradient of the weights, for the gradient of the input), and what
 * goes with them.
 *
 * Matrices are flat, row by row; the inner dimension K determines the two others.
 *
 * @module
 */

/** `C += A B`: A `[I,K]`, B `[K,J]`, C `[I,J]`. */
export function addProduct(C: Float64Array, A: Float64Array, B: Float64Array, K: number): void {
  const I = A.length / K, J = B.length / K;
  for (let i = 0; i < I; i++) {
    for (let k = 0; k < K; k++) {
      const a = A[i * K + k];
      for (let j = 0; j < J; j++) C[i * J + j] += a * B[k * J + j];
    }
  }
}

/** `C += Aᵀ B`: A `[K,I]`, B `[K,J]`, C `[I,J]`. */
export function addProductTransposedA(C: Float64Array, A: Float64Array, B: Float64Array, K: number): void {
  const I = A.length / K, J = B.length / K;
  for (let k = 0; k < K; k++) {
    for (let i = 0; i < I; i++) {
      const a = A[k * I + i];
      for (let j = 0; j < J; j++) C[i * J + j] += a * B[k * J + j];
    }
  }
}

/** `C += A Bᵀ`: A `[I,K]`, B `[J,K]`, C `[I,J]`. */
export function addProductTransposedB(C: Float64Array, A: Float64Array, B: Float64Array, K: number): void {
  const I = A.length / K, J = B.length / K;
  for (let i = 0; i < I; i++) {
    for (let j = 0; j < J; j++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += A[i * K + k] * B[j * K + k];
      C[i * J + j] += sum;
    }
  }
}

/** `C += 1 bᵀ`: adds b `[J]` to every row of C `[I,J]`. */
export function addToRows(C: Float64Array, b: Float64Array): void {
  const J = b.length;
  for (let k = 0; k < C.length; k++) C[k] += b[k % J];
}

/** `b += Aᵀ 1`: adds the rows of A `[I,J]` to b `[J]`. */
export function addSumOfRows(b: Float64Array, A: Float64Array): void {
  const J = b.length;
  for (let k = 0; k < A.length; k++) b[k % J] += A[k];
}

/** The columns of A `[I,J]` from the first number to before the second: A itself if these are all. */
export function columnsOf(A: Float64Array, J: number, [from, to]: readonly [number, number]): Float64Array {
  if (to - from === J) return A;
  const I = A.length / J, block = new Float64Array(I * (to - from));
  for (let i = 0; i < I; i++) block.set(A.subarray(i * J + from, i * J + to), i * (to - from));
  return block;
}

/** The gates of A `[N,G·H]`, `[N,H]` each. */
export function blocks(A: Float64Array, G: number, H: number): Float64Array[] {
  return Array.from({ length: G }, (_, g) => columnsOf(A, G * H, [g * H, (g + 1) * H]));
}

/** Adds a block to the columns of A `[I,J]` from the first number to before the second. */
export function addColumns(
  A: Float64Array,
  block: Float64Array,
  J: number,
  [from, to]: readonly [number, number],
): void {
  const width = to - from;
  for (let k = 0; k < block.length; k++) A[Math.floor(k / width) * J + from + k % width] += block[k];
}
