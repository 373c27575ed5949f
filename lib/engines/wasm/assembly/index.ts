// All that TypeScript calls. Addresses count bytes in the one shared memory.
export { evaluate } from "./math";
export {
  gruBackward, gruForward, gruGates, gruGatesBackward, gruResetAfter, gruResetAfterBackward, lstmBackward, lstmForward,
  rnnBackward, rnnForward,
} from "./cells";
export {
  activate, activateBack, addTo, copyMasked, holdMasked, keepMasked, merge, mergeBack, readTokens, readUnless,
} from "./elementwise";
export { dropoutMask } from "./dropout";
export {
  expandClasses, gatherRows, interleave, interleaveWords, reorder, scaleBytes, spreadInputs, spreadRows, sumRows,
} from "./inputs";
export { loss, metric, smooth } from "./losses";
export { gradientSums, moments, normalize, normalizeBack } from "./norm";
export {
  adadelta, adam, cut, decay, joinBias, momentum, nesterov, regularize, rmsprop, rmspropMomentum, scale, sgd, sumSquares,
  tfAdadelta, tfAdagrad, tfAdamax, tfCenteredRmsprop, tfRmsprop, transpose,
} from "./parameters";
export { addGradient, packRows, product, rowProduct, storeGradient } from "./product";
export { addToFirstLane, recordRows, sumLanes } from "./records";
export { leavesOfSquare } from "./simd";
export { transformImage } from "./transform";
