/**
 * The dispatches of an engine: kernels with their constants, buffers and sizes. The equations are in the kernels.
 *
 * @module
 */
import type { SequenceLayout } from "../../data/sequence.ts";
import type { RecurrentLayer } from "../../model/network.ts";
import type { Optimizer } from "../../model/optimizers.ts";
import { dropoutThreshold } from "../../random.ts";
import { type Dispatch, workgroupsFor } from "./kernels.ts";
import type { Frame, LayerSizes, MatrixSizes } from "./sizes.ts";

const OPTIMIZER_NUMBER = { sgd: 1, momentum: 2, rmsprop: 3, adam: 4, adadelta: 5 } as const;

/** The buffer of a layer's masks, or a placeholder. */
function maskOf(layer: RecurrentLayer, index: number): string {
  return layer.dropout > 0 ? `mask ${index}` : "no mask";
}

function switchesOf({ top, layer }: LayerSizes): { TOP: number; DROPOUT: number } {
  return { TOP: Number(top), DROPOUT: Number(layer.dropout > 0) };
}

/** From pixels to x of the first layer. */
export function gatherDispatch(
  { sequence, imageBytes }: { sequence: SequenceLayout; imageBytes: number },
  { C, J }: LayerSizes,
  { frame: { T, N4 }, images }: { frame: Frame; images: string },
): Dispatch {
  const { tStride, cStride } = sequence;
  return {
    kernel: "gather",
    label: "gather",
    constants: { T, N4, C, J, T_STRIDE: tStride, C_STRIDE: cStride, IMAGE_BYTES: imageBytes },
    buffers: [images, "positions", "scale", "inputs 0"],
    workgroups: workgroupsFor(T * N4 * C),
  };
}

/** Draws the masks of a layer with dropout. */
export function maskDispatch({ layer, index, H4 }: LayerSizes, seed: number, { T, N4 }: Frame): Dispatch {
  const { dropout } = layer, SCALE = Math.fround(1 / (1 - dropout));
  return {
    kernel: "mask",
    label: `mask, layer ${index}`,
    constants: { T, N4, H4, LAYER: index, SEED: seed, THRESHOLD: dropoutThreshold(dropout), SCALE },
    buffers: [`mask ${index}`],
    workgroups: workgroupsFor(T * N4 * H4 / 4),
  };
}

/** x W + b for all t, then forward through time. */
export function layerForward(sizes: LayerSizes, { T, N4 }: Frame): Dispatch[] {
  const { layer, index, top, C, C4, H, H4, J, quads, outJ } = sizes;
  const shared = { T, N4, C, C4, H, H4, J, OUT_J: outJ, ...switchesOf(sizes) };
  const weights = `weights ${index}`, gates = `gates ${index}`, inputs = `inputs ${index}`;
  const outputs = top ? "head inputs" : `inputs ${index + 1}`, mask = maskOf(layer, index);
  const product: Dispatch = {
    kernel: "input_product",
    label: `input_product, layer ${index}`,
    constants: { ROWS: T * N4, C, H, J, QUADS: quads },
    buffers: [inputs, weights, gates],
    workgroups: workgroupsFor(Math.ceil(T * N4 / 2) * quads),
  };
  if (layer.kind === "lstm") {
    return [product, {
      kernel: "lstm_forward",
      label: `lstm_forward, layer ${index}`,
      constants: { ...shared, HARD: Number(layer.gateActivation === "hardSigmoid"), TWO_H: 2 * H },
      buffers: [weights, gates, `c ${index}`, inputs, outputs, mask],
      workgroups: [N4, 1],
    }];
  }
  return [product, {
    kernel: "rnn_forward",
    label: `rnn_forward, layer ${index}`,
    constants: { ...shared, QUADS: quads, RELU: Number(layer.activation === "relu"), TWO_H4: 2 * H4 },
    buffers: [weights, gates, inputs, outputs, mask],
    workgroups: [N4, 1],
  }];
}

/** Logits, loss, and the gradient of the top layer's last outputs; in a prediction only the logits. */
export function headDispatch({ C, C4, J, columns, quads }: MatrixSizes, dy: string, { N4 }: Frame): Dispatch {
  return {
    kernel: "head",
    label: "head",
    constants: { N4, H: C, H4: C4, J, K: columns, K4: 4 * quads, QUADS: quads },
    buffers: [
      "head inputs",
      "weights head",
      "weights back head",
      "train labels",
      "positions",
      "results",
      "head dz",
      dy,
    ],
    workgroups: [N4, 1],
  };
}

/** Backward through time, then the gradient of the layer's input. */
export function layerBackward(sizes: LayerSizes, { T, N4 }: Frame): Dispatch[] {
  const { layer, index, C, C4, H, H4, J, quads } = sizes;
  const shared = { T, N4, C, H, H4, ...switchesOf(sizes) };
  const weights = `weights back ${index}`, gates = `gates ${index}`, dy = `dy ${index}`;
  const mask = maskOf(layer, index);
  const backward: Dispatch = layer.kind === "lstm"
    ? {
      kernel: "lstm_backward",
      label: `lstm_backward, layer ${index}`,
      constants: { ...shared, HARD: Number(layer.gateActivation === "hardSigmoid"), TWO_H: 2 * H },
      buffers: [weights, gates, `c ${index}`, dy, mask],
      workgroups: [N4, 1],
    }
    : {
      kernel: "rnn_backward",
      label: `rnn_backward, layer ${index}`,
      constants: { ...shared, C4, J, QUADS: quads, RELU: Number(layer.activation === "relu") },
      buffers: [weights, `inputs ${index}`, gates, dy, mask],
      workgroups: [N4, 1],
    };
  if (index === 0) return [backward];
  return [backward, {
    kernel: "input_gradient",
    label: `input_gradient, layer ${index}`,
    constants: { ROWS: T * N4, C, C4, H, QUADS: quads },
    buffers: [weights, gates, `dy ${index - 1}`],
    workgroups: workgroupsFor(Math.ceil(T * N4 / 2) * C),
  }];
}

/** The gradient of a layer's kernels and bias. */
export function layerGradient(sizes: LayerSizes, frame: Frame): Dispatch {
  const { index } = sizes, rows = frame.T * frame.N4;
  return weightGradient(sizes, frame, {
    where: `layer ${index}`,
    rows,
    buffers: [`inputs ${index}`, `gates ${index}`],
  });
}

/** The gradient of the head's kernel and bias. */
export function headGradient(sizes: MatrixSizes, frame: Frame): Dispatch {
  return weightGradient(sizes, frame, { where: "head", rows: frame.N4, buffers: ["head inputs", "head dz"] });
}

function weightGradient(
  { C, C4, H, J, quads, columns, lstm, offset }: MatrixSizes,
  { parts, size }: Frame,
  { where, rows, buffers }: { where: string; rows: number; buffers: readonly [inputs: string, dz: string] },
): Dispatch {
  const matrix = { C, C4, H, J, QUADS: quads, COLUMNS: columns, LSTM: Number(lstm), OFFSET: offset };
  return {
    kernel: "weight_gradient",
    label: `weight_gradient, ${where}`,
    constants: { ...matrix, ROWS: rows, PARTS: parts, SIZE: size },
    buffers: [...buffers, "partials"],
    workgroups: workgroupsFor(quads * J / 4 * parts),
  };
}

/** The update; without an optimizer it only writes the layouts that the products read. */
export function updateDispatch(
  optimizer: Optimizer | undefined,
  matrices: number,
  { size, parts }: Frame,
): Dispatch {
  return {
    kernel: "update",
    label: optimizer ? `update, ${optimizer.kind}` : "pack",
    constants: {
      SIZE: size,
      PARTS: parts,
      MATRICES: matrices,
      OPTIMIZER: optimizer ? OPTIMIZER_NUMBER[optimizer.kind] : 0,
      ...(optimizer ? decays(optimizer) : {}),
    },
    buffers: ["matrices", "partials", "parameters", "slot 0", "slot 1", "weights", "weights back"],
    workgroups: workgroupsFor(size),
  };
}

function decays(optimizer: Optimizer): Record<string, number> {
  switch (optimizer.kind) {
    case "sgd":
      return {};
    case "momentum":
      return { DECAY_1: optimizer.momentum };
    case "rmsprop":
      return { DECAY_1: optimizer.alpha, REST_1: 1 - optimizer.alpha, EPSILON: optimizer.epsilon };
    case "adam": {
      const { beta1, beta2, epsilon } = optimizer;
      return { DECAY_1: beta1, REST_1: 1 - beta1, DECAY_2: beta2, REST_2: 1 - beta2, EPSILON: epsilon };
    }
    case "adadelta":
      return { DECAY_1: optimizer.rho, REST_1: 1 - optimizer.rho, EPSILON: optimizer.epsilon };
  }
}
