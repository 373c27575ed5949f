/**
 * The dispatches of an engine, each a kernel with its constants, buffers and size. The equations are in the kernels.
 *
 * @module
 */
import type { SequenceLayout } from "../../data/sequence.ts";
import type { RecurrentLayer } from "../../model/network.ts";
import type { Optimizer } from "../../model/optimizers.ts";
import { dropoutThreshold } from "../../random.ts";
import { type Dispatch, workgroupsFor } from "./kernels.ts";
import type { Frame, HeadSizes, Sizes } from "./sizes.ts";

const OPTIMIZER_NUMBER = { sgd: 1, momentum: 2, rmsprop: 3, adam: 4, adadelta: 5 } as const;

/** The masks of a layer, or a buffer in their place. */
function maskOf(layer: RecurrentLayer, index: number): string {
  return layer.dropout > 0 ? `mask ${index}` : "no mask";
}

/** Pixels to x of the first layer. */
export function gatherDispatch(
  { sequence, imageBytes }: { sequence: SequenceLayout; imageBytes: number },
  { C, J }: Sizes,
  { frame: { T, N4 }, images }: { frame: Frame; images: string },
): Dispatch {
  const { tStride, cStride } = sequence;
  return {
    kernel: "gather",
    label: "gather",
    constants: { T, N4, C, J, STEP_STRIDE: tStride, INPUT_STRIDE: cStride, IMAGE_BYTES: imageBytes },
    buffers: [images, "positions", "scale", "inputs 0"],
    workgroups: workgroupsFor(T * N4 * C),
  };
}

/** The masks of a layer with dropout. */
export function maskDispatch({ layer, index, H4 }: Sizes, seed: number, { T, N4 }: Frame): Dispatch {
  return {
    kernel: "mask",
    label: `mask, layer ${index}`,
    constants: {
      T,
      N4,
      H4,
      LAYER: index,
      SEED: seed >>> 0,
      THRESHOLD: dropoutThreshold(layer.dropout),
      SCALE: Math.fround(1 / (1 - layer.dropout)),
    },
    buffers: [`mask ${index}`],
    workgroups: workgroupsFor(T * N4 * H4 / 4),
  };
}

/** x W + b of all steps, then forward through time. */
export function layerForward(sizes: Sizes, { T, N4 }: Frame): Dispatch[] {
  const { layer, index, top, C, C4, H, H4, J, quads, outJ } = sizes;
  const shared = {
    T,
    N4,
    C,
    C4,
    H,
    H4,
    J,
    OUT_J: outJ,
    TOP: Number(top),
    DROPOUT: Number(layer.dropout > 0),
  };
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

/** Logits, loss, and back to the top layer's last outputs; in prediction the logits alone. */
export function headDispatch({ H, H4, classes, quads }: HeadSizes, dy: string, { N4 }: Frame): Dispatch {
  return {
    kernel: "head",
    label: "head",
    constants: { N4, H, H4, J: H4 + 4, K: classes, K4: 4 * quads, QUADS: quads },
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

/** Backward through time, then what the layer below gets of it. */
export function layerBackward(sizes: Sizes, { T, N4 }: Frame): Dispatch[] {
  const { layer, index, top, C, C4, H, H4, J, quads } = sizes;
  const shared = { T, N4, C, H, H4, TOP: Number(top), DROPOUT: Number(layer.dropout > 0) };
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
export function layerGradient(sizes: Sizes, { T, N4, parts, size }: Frame): Dispatch {
  const { layer, index, C, C4, H, J, quads } = sizes, lstm = layer.kind === "lstm";
  return {
    kernel: "weight_gradient",
    label: `weight_gradient, layer ${index}`,
    constants: {
      ROWS: T * N4,
      C,
      C4,
      H,
      J,
      QUADS: quads,
      COLUMNS: lstm ? 4 * H : H,
      LSTM: Number(lstm),
      PARTS: parts,
      SIZE: size,
      OFFSET: layer.kernel.offset,
    },
    buffers: [`inputs ${index}`, `gates ${index}`, "partials"],
    workgroups: workgroupsFor(quads * J / 4 * parts),
  };
}

/** The gradient of the head: its inputs are C features and no state. */
export function headGradient(
  { H, H4, classes, quads, offset }: HeadSizes,
  { N4, parts, size }: Frame,
): Dispatch {
  return {
    kernel: "weight_gradient",
    label: "weight_gradient, head",
    constants: {
      ROWS: N4,
      C: H,
      C4: H4,
      H: 0,
      J: H4 + 4,
      QUADS: quads,
      COLUMNS: classes,
      LSTM: 0,
      PARTS: parts,
      SIZE: size,
      OFFSET: offset,
    },
    buffers: ["head inputs", "head dz", "partials"],
    workgroups: workgroupsFor(quads * (H4 + 4) / 4 * parts),
  };
}

/** The update, or without an optimizer only the layouts that the products read. */
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
