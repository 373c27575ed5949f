/**
 * The layout of passes: a chain is laid out layer by layer, from the input up.
 *
 * @module
 */
import type { SequenceLayout } from "../../data/sequences.ts";
import {
  type BidirectionalLayer,
  type DenseLayer,
  type GruLayer,
  isRecurrent,
  type Layer,
  type LstmLayer,
  MERGES,
  type Network,
  outputSize,
  type RecurrentLayer,
  type RnnLayer,
} from "../../model/network.ts";
import type { EngineOptions } from "../engine.ts";
import { roundUp } from "../round_up.ts";
import { CACHE_LINE } from "./arena.ts";
import { ACTIVATIONS } from "./kernels.ts";
import {
  type BidirectionalPlan,
  type CellPlan,
  type DensePlan,
  type GruPlan,
  type InputPlan,
  matricesOf,
  type PassPlan,
  type RecurrentPlan,
  type SignalPlan,
} from "./pass_plans.ts";
import {
  biasVectors,
  fillBack,
  type Frame,
  planBack,
  planGradients,
  planMatrix,
  rowBlock,
} from "./plan_matrix.ts";
import { planNorm } from "./plan_norm.ts";
import { GROUP, OCTET, TILE, WORD } from "./strides.ts";

/** Bytes of `[features,8]`, features rounded up to a multiple of four: products write as many. */
export function paddedBytes(features: number): number {
  return roundUp(features, 4) * OCTET;
}

/** Whether the first layer can read images itself: it reads forward, drops and masks nothing. */
export function readsImages({ input, layers: [first] }: Network, layout: SequenceLayout): boolean {
  return layout.kind === "bytes" && input.kind === "features" && input.maskValue === null &&
    isPlainCell(first);
}

/**
 * Whether groups share their first t: in a training, images, read by layers that all read forward, up to one that returns its
 * last step only, and no dropout anywhere, which would make sequences differ.
 */
export function sharesPrefix(
  { network, layout, training }: Pick<EngineOptions, "network" | "layout" | "training">,
): boolean {
  if (!training) return false;
  const { layers } = network, top = layers.findIndex((layer) => isRecurrent(layer) && !layer.returnSequences);
  return readsImages(network, layout) && top >= 0 && layers.slice(0, top + 1).every(isPlainCell) &&
    layers.every(({ kind }) => kind !== "dropout");
}

function isPlainCell(layer: Layer): boolean {
  return (layer.kind === "lstm" || layer.kind === "rnn") && !layer.backwards && layer.inputDropout === 0 &&
    layer.recurrentDropout === 0 && !layer.masked;
}

/** The last step of a signal, where it is. */
function lastOf({ steps, first, features, y, yBytes, dy, dyBytes }: SignalPlan): SignalPlan {
  const before = steps - 1;
  return {
    steps: 1,
    first: first + before,
    features,
    y: y + before * yBytes,
    yBytes,
    dy: dy && dy + before * dyBytes,
    dyBytes,
  };
}

/** Lays out a chain, layer by layer. */
export class ChainPlanner {
  readonly #frame: Frame;
  readonly #input: InputPlan;
  /** What the next layer reads; null for images. */
  #from: SignalPlan | null;
  /** Whether something below has parameters. */
  #learns: boolean;
  #shared: boolean;

  constructor(input: InputPlan, frame: Frame) {
    this.#frame = frame;
    this.#input = input;
    this.#from = input.to;
    this.#learns = input.kind === "tokens";
    this.#shared = frame.shared;
  }

  /** What the last layer returns. */
  get output(): SignalPlan {
    return this.#from!;
  }

  place(layer: Layer): PassPlan {
    const plan = this.#create(layer);
    this.#from = plan.to;
    if (matricesOf(plan).length > 0 || plan.kind === "batchNorm") this.#learns = true;
    return plan;
  }

  #create(layer: Layer): PassPlan {
    const from = this.#from;
    switch (layer.kind) {
      case "bidirectional":
        return this.#bidirectional(layer, from!);
      case "last":
        return { kind: "last", from: from!, to: lastOf(from!) };
      case "batchNorm":
        return planNorm(layer, { from: from!, to: this.#like(from!, layer.size, true) }, this.#frame);
      case "repeat":
        return { kind: "repeat", from: from!, to: this.#repeated(from!, layer.steps) };
      case "dropout": {
        const { perThread, trains } = this.#frame, { steps, features } = from!;
        const mask = trains && layer.rate > 0 ? perThread.take(steps * paddedBytes(features)) : 0;
        return { ...layer, mask, from: from!, to: this.#like(from!, features) };
      }
      case "activation": {
        const activation = ACTIVATIONS.indexOf(layer.activation);
        return { kind: "activation", activation, from: from!, to: this.#like(from!, from!.features) };
      }
      case "dense":
        return this.#dense(layer, from!);
      default:
        return this.#recurrent(layer, this.#leftBy(layer));
    }
  }

  /** A signal of the same steps. */
  #like({ steps, first }: SignalPlan, features: number, learns = this.#learns): SignalPlan {
    const { perThread, trains } = this.#frame, bytes = paddedBytes(features);
    return {
      steps,
      first,
      features,
      y: perThread.take((steps + 1) * bytes), // recording reads whole panels
      yBytes: bytes,
      dy: trains && learns ? perThread.take((steps + 1) * bytes) : 0,
      dyBytes: bytes,
    };
  }

  #repeated({ features, y }: SignalPlan, steps: number): SignalPlan {
    const { perThread, trains } = this.#frame, dyBytes = paddedBytes(features);
    const dy = trains && this.#learns ? perThread.take(steps * dyBytes) : 0;
    return { steps, first: 0, features, y, yBytes: 0, dy, dyBytes };
  }

  /** What a recurrent layer leaves: all its outputs, or the last one. Its y starts with a step of zeros. */
  #leftBy({ hiddenSize: H, returnSequences }: RecurrentLayer): SignalPlan {
    const { T } = this.#input, { perThread, trains } = this.#frame;
    const { steps: read, first } = this.#from ?? { steps: T, first: 0 }, bytes = paddedBytes(H);
    const y = perThread.take((read + 2) * bytes) + bytes, steps = returnSequences ? read : 1;
    return {
      steps,
      first: first + read - steps,
      features: H,
      y: y + (read - steps) * bytes,
      yBytes: bytes,
      dy: trains ? perThread.take(steps * bytes) : 0,
      dyBytes: bytes,
    };
  }

  #recurrent(
    layer: RecurrentLayer,
    to: SignalPlan,
    dx?: { dx: number; dxBytes: number },
  ): CellPlan | GruPlan {
    const { perThread, trains } = this.#frame, { read } = this.#input, from = this.#from;
    const C = layer.inputSize, H = layer.hiddenSize, T = from?.steps ?? this.#input.T;
    const when = (needed: boolean, bytes: number) => needed ? perThread.take(bytes) : 0;
    const learns = trains && this.#learns;
    const common: RecurrentPlan = {
      C,
      H,
      T,
      backwards: layer.backwards,
      shared: this.#shared,
      gate: layer.kind === "rnn" ? 0 : ACTIVATIONS.indexOf(layer.gateActivation),
      activation: ACTIVATIONS.indexOf(layer.activation),
      from,
      to,
      stream: layer.stream,
      inputDropout: layer.inputDropout,
      recurrentDropout: layer.recurrentDropout,
      inputMask: when(trains && layer.inputDropout > 0, paddedBytes(C)),
      recurrentMask: when(trains && layer.recurrentDropout > 0, paddedBytes(H)),
      read: layer.masked ? read : 0,
      y: to.y - (T - to.steps) * to.yBytes,
      yBytes: to.yBytes,
      dh: when(trains, paddedBytes(H)),
      heldH: when(trains && layer.masked, paddedBytes(H)),
      dx: learns ? dx?.dx ?? from!.dy : 0,
      dxBytes: dx?.dxBytes ?? from?.dyBytes ?? 0,
    };
    return layer.kind === "gru" ? this.#gru(layer, common) : this.#cell(layer, common);
  }

  #cell(layer: LstmLayer | RnnLayer, common: RecurrentPlan): CellPlan {
    const { arena, perThread, trains, groups } = this.#frame, { C, H, T, from } = common;
    const isLstm = layer.kind === "lstm", quads = isLstm ? H : Math.ceil(H / 4), J = C + H;
    const front = from ? C : Math.min(C, roundUp(C / 2, GROUP)); // whole panels
    const { kernel, recurrentKernel, bias } = layer, { shared } = common;
    const recurrentBack = planBack(H, quads * 4, this.#frame);
    const inputBack = common.dx ? planBack(C, quads * 4, this.#frame) : null;
    if (!layer.returnSequences) this.#shared = false;
    const matrix = planMatrix({
      J,
      quads,
      T,
      shared,
      rows: [
        rowBlock(0, front, kernel),
        rowBlock(front, H, recurrentKernel),
        rowBlock(front + H, C - front, kernel, front),
      ],
      columns: { units: H, interleaved: isLstm, starts: isLstm ? [0, H, 2 * H, 3 * H] : [0] },
      biases: biasVectors(bias),
      blank: from ? undefined : { front, back: C - front, value: this.#input.blank },
      transposes: [fillBack(recurrentBack, front, H), ...(inputBack ? [fillBack(inputBack, 0, C)] : [])],
    }, this.#frame);
    const xhBytes = (roundUp(J, 8) + 4) * OCTET; // an RNN's last quad writes past H
    const boundaryBytes = roundUp(WORD * H, CACHE_LINE), rows = H * OCTET;
    const lstmOnly = (bytes: number) => isLstm ? perThread.take(bytes) : 0;
    return {
      ...common,
      kind: layer.kind,
      matrix,
      front,
      recurrentBack,
      inputBack,
      boundary: shared ? arena.take(groups * 2 * boundaryBytes) : 0,
      boundaryBytes,
      xh: [perThread.take(xhBytes), perThread.take(xhBytes)],
      c: lstmOnly((T + 1) * rows),
      phiC: lstmOnly(T * rows),
      dc: trains ? lstmOnly(rows) : 0,
      heldC: trains && layer.masked ? lstmOnly(rows) : 0,
    };
  }

  #gru(layer: GruLayer, common: RecurrentPlan): GruPlan {
    const { perThread, trains } = this.#frame, { C, H, T } = common;
    const { kernel, recurrentKernel, bias, resetAfter } = layer, quads = Math.ceil(H / 4), block = 4 * quads;
    const all = planGradients(T, (resetAfter ? 4 : 3) * quads, this.#frame);
    const first = resetAfter ? quads : 0; // where z starts, after q
    const dzFrom = (quad: number) => ({ ...all, dz: all.dz + quad * TILE });
    const stateBack = planBack(H, (resetAfter ? 3 : 2) * block, this.#frame);
    const resetBack = resetAfter ? null : planBack(H, block, this.#frame);
    const inputBack = common.dx ? planBack(C, 3 * block, this.#frame) : null;
    const columns = (...starts: number[]) => ({ units: H, interleaved: false, starts });
    const toX = (row: number, column: number) => inputBack ? [fillBack(inputBack, row, C, column)] : [];
    const gates = planMatrix({
      J: H + C,
      quads: 2 * quads,
      T,
      rows: [rowBlock(0, H, recurrentKernel), rowBlock(H, C, kernel)],
      columns: columns(0, H),
      biases: biasVectors(bias, resetAfter ? [0, 1] : [0]),
      transposes: [fillBack(stateBack, 0, H, first * 4), ...toX(H, 0)],
      dz: dzFrom(first),
    }, this.#frame);
    const candidate = planMatrix({
      J: resetAfter ? C : C + H,
      quads,
      T,
      rows: [rowBlock(0, C, kernel), ...(resetAfter ? [] : [rowBlock(C, H, recurrentKernel)])],
      columns: columns(2 * H),
      biases: biasVectors(bias),
      transposes: [...toX(0, 2 * block), ...(resetBack ? [fillBack(resetBack, C, H)] : [])],
      dz: dzFrom(first + 2 * quads),
    }, this.#frame);
    const recurrent = resetAfter
      ? planMatrix({
        J: H,
        quads,
        T,
        rows: [rowBlock(0, H, recurrentKernel)],
        columns: columns(2 * H),
        biases: biasVectors(bias, [1]),
        transposes: [fillBack(stateBack, 0, H)],
        dz: dzFrom(0),
      }, this.#frame)
      : null;
    return {
      ...common,
      kind: "gru",
      gates,
      candidate,
      recurrent,
      stateBack,
      resetBack,
      inputBack,
      hx: perThread.take((2 * H + C + 8) * OCTET),
      carried: trains ? perThread.take(paddedBytes(H)) : 0,
      drh: trains ? perThread.take(paddedBytes(H)) : 0,
    };
  }

  #bidirectional(layer: BidirectionalLayer, from: SignalPlan): BidirectionalPlan {
    const { perThread, trains } = this.#frame;
    const forward = this.#recurrent(layer.forward, this.#leftBy(layer.forward));
    const dxBytes = paddedBytes(from.features);
    const dx = trains && this.#learns ? perThread.take(from.steps * dxBytes) : 0;
    const backward = this.#recurrent(layer.backward, this.#leftBy(layer.backward), { dx, dxBytes });
    const to = this.#like(forward.to, outputSize(layer, from.features), true);
    return { kind: "bidirectional", forward, backward, merge: MERGES.indexOf(layer.merge), from, to };
  }

  #dense(layer: DenseLayer, from: SignalPlan): DensePlan {
    const { trains } = this.#frame, { inputSize: C, units, kernel, bias } = layer;
    const quads = Math.ceil(units / 4);
    const inputBack = trains && this.#learns ? planBack(C, quads * 4, this.#frame) : null;
    return {
      kind: "dense",
      activation: ACTIVATIONS.indexOf(layer.activation),
      matrix: planMatrix({
        J: C,
        quads,
        T: from.steps,
        rows: [rowBlock(0, C, kernel)],
        columns: { units, interleaved: false, starts: [0] },
        biases: biasVectors(bias),
        transposes: inputBack ? [fillBack(inputBack, 0, C)] : [],
      }, this.#frame),
      inputBack,
      from,
      to: this.#like(from, units, true),
    };
  }
}
