/**
 * Strides: the bytes of the small arrays that all others consist of.
 *
 * @module
 */

/** Sequences that go through the network together. */
export const GROUP = 8;
/** A float32, an int32 or a uint32. */
export const WORD = 4;
/** `[4]`: one row of the weights of a quad, or its biases. */
export const QUAD = 4 * WORD;
/** `[8]`: one number for each sequence of a group, or for each of the eight features of a panel. */
export const OCTET = GROUP * WORD;
/** `[4][8]`: a quad for a group. */
export const TILE = 4 * OCTET;
