/**
 * Bytes of the small arrays that all others are made of. An address plus an index times one of these is the address of
 * that element.
 *
 * @module
 */

/** Images that one thread carries through the network together. */
export const GROUP = 8;
/** A float32, an int32 or a uint32. */
export const WORD = 4;
/** `[4]`: a row of a quad's weights, or the biases of a quad. */
export const QUAD = 4 * WORD;
/** `[8]`: one number for each image of a group, or one for each feature of a panel of eight. */
export const OCTET = GROUP * WORD;
/** `[4][8]`: a quad for a group. */
export const TILE = 4 * OCTET;
