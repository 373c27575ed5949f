// All that TypeScript calls. Addresses count bytes in the one shared memory.
export { evaluate } from "./math";
export { crossEntropy } from "./head";
export {
  addToFirstLane, copyMasked, lstmBackward, lstmForward, recordRows, rnnBackward, rnnForward, sumLanes,
} from "./layers";
export { dropoutMask } from "./dropout";
export { interleave, spreadInputs } from "./images";
export { adadelta, adam, momentum, rmsprop, sgd, shiftBias, transpose } from "./parameters";
export { addGradient, packRows, product, rowProduct, storeGradient } from "./product";
export { leavesOfSquare } from "./simd";
