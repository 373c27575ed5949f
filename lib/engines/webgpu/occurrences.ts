/**
 * Where each token of a batch occurs: what the gradient of a table of tokens is summed over.
 *
 * @module
 */

/**
 * The tokens of each batch with their rows, sorted by token, then by row, as `embedding_gradient.wgsl` reads them.
 *
 * @param tokens `[sequences, T]`
 * @param sizes.most From one batch to the next, in sequences
 * @returns `[batches, T·most, 2]`: token and row t·most + n
 */
export function sortedOccurrences(
  tokens: Int32Array,
  batches: readonly Uint32Array[],
  { T, most, vocabulary }: { T: number; most: number; vocabulary: number },
): Uint32Array<ArrayBuffer> {
  const occurrences = new Uint32Array(2 * T * most * batches.length);
  const next = new Uint32Array(vocabulary + 1); // where the next occurrence of each token goes
  batches.forEach((batch, index) => {
    next.fill(0);
    for (const position of batch) {
      for (let t = 0; t < T; t++) next[tokens[position * T + t] + 1]++;
    }
    next[0] = T * most * index;
    for (let token = 0; token < vocabulary; token++) next[token + 1] += next[token];
    for (let t = 0; t < T; t++) {
      batch.forEach((position, n) => {
        const token = tokens[position * T + t], at = 2 * next[token]++;
        occurrences[at] = token;
        occurrences[at + 1] = t * most + n;
      });
    }
  });
  return occurrences;
}
