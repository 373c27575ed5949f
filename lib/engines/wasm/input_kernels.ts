/**
 * The kernels of what comes into a network, of targets and of the masks of dropout: their types.
 *
 * @module
 */
import type { Address } from "./optimizer_kernels.ts";

/** As in `Kernels`: the comment beside each address gives the shape of its array. */
export interface InputKernels {
  /** Shifts, turns and scales an image. */
  transformImage(
    width: number,
    height: number,
    from: Address, // u8 [height][width]
    into: Address, // u8 [height][width]
    transform: Address, // int32 [6]
  ): void;
  /** Interleaves the bytes of eight sequences. */
  interleave(
    count: number,
    sequences: Address, // u8 [8][count]
    pixels: Address, // u8 [count][8]
  ): void;
  /** Moves pixels to the order in which they are read. */
  reorder(
    count: number,
    order: Address, // uint32 [count]: places among the pixels of an image
    from: Address, // u8 [pixels][8]
    to: Address, // u8 [count][8]
  ): void;
  /** Interleaves words: numbers or tokens. */
  interleaveWords(
    count: number,
    stride: number, // words from one sequence to the next
    from: Address, // [8][stride]
    to: Address, // [count][8]
  ): void;
  /** Writes x_t of the first layer around h, and which of both is not blank. */
  spreadInputs(
    C: number,
    front: number, // features of x before h
    H: number,
    pixels: Address, // u8 [C][8]
    divisor: number,
    x: Address, // [C+H][8]; its rows front … front+H−1 stay as they are
    range: Address, // int32 [2]: the first row that is not blank, and the one after the last
  ): void;
  /** Writes features from bytes. */
  scaleBytes(
    count: number,
    pixels: Address, // u8 [count][8]
    divisor: number,
    blank: number,
    x: Address, // [count][8]
  ): void;
  /** Writes the rows of tokens. */
  gatherRows(
    T: number,
    quads: number,
    table: Address, // [V][4·quads]
    tokens: Address, // int32 [T][8]
    x: Address, // [T][4·quads][8]
  ): void;
  /** Turns the gradients of those rows into one row for each token. */
  spreadRows(
    T: number,
    quads: number,
    dx: Address, // [T][4·quads][8]
    rows: Address, // [T][8][4·quads]
  ): void;
  /** Sums them into the gradient of rows first … end − 1 of the table. */
  sumRows(
    first: number,
    end: number,
    quads: number,
    count: number, // a multiple of 8
    tokens: Address, // int32 [count]
    rows: Address, // [count][4·quads]
    table: Address, // [end−first][4·quads]
  ): void;
  /** Turns classes into rows with a 1. */
  expandClasses(
    steps: number,
    K: number,
    classes: Address, // int32 [steps][8]
    rows: Address, // [steps][K][8]
  ): void;
  /** Draws a mask of dropout. */
  dropoutMask(
    blocks: number, // of four units
    first: number, // the place in the batch of the first sequence
    timeAndStream: number, // t + stream·2¹⁶
    step: number,
    seed: number,
    domain: number,
    threshold: number,
    scale: number,
    mask: Address, // [4·blocks][8]
  ): void;
}
